package taskgroup

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// A Node is a group or a task at the moment of a [Group.Tree].
type Node struct {
	Name     string
	State    State
	Age      time.Duration // since it was started
	Children []Node        // the tasks of a group, oldest first, or the groups in a task
}

// Tree returns the group, its tasks that have not ended, the groups that run within
// them, and so on. What runs in the body of a group comes before its tasks. The
// snapshot is of one instant; taking it stops all of them for a moment.
func (g *Group) Tree() Node {
	t := tree{now: time.Since(epoch), locked: make(map[*scheduler]bool)}
	root := t.group(g)
	for s := range t.locked {
		s.mu.Unlock()
	}
	root.resolve()
	return root.Node
}

// A tree collects nodes with the schedulers locked that they belong to, always one
// further out before those within.
type tree struct {
	now    time.Duration
	locked map[*scheduler]bool
}

// A node is a Node whose name is not known yet: no function is looked up with a
// mutex held.
type node struct {
	Node
	pc       uintptr
	children []node
}

func (tree *tree) group(g *Group) node {
	tree.lock(g.scheduler)
	n := tree.task(&g.body)
	if g.body.ended() {
		n.State = Waiting
		if g.running == 0 {
			n.State = Succeeded
			if len(g.failures) > 0 {
				n.State = Failed
			}
		}
	}
	for t := g.tasks.first; t != nil; t = t.next {
		n.children = append(n.children, tree.task(t))
	}
	return n
}

func (tree *tree) task(t *task) node {
	n := node{Node: Node{State: t.state, Age: max(tree.now-t.since, 0)}}
	n.Name, n.pc = t.label()
	for g := t.groups; g != nil; g = g.older {
		n.children = append(n.children, tree.group(g))
	}
	return n
}

func (tree *tree) lock(s *scheduler) {
	if !tree.locked[s] {
		s.mu.Lock()
		tree.locked[s] = true
	}
}

func (n *node) resolve() {
	n.Name = nameOf(n.Name, n.pc)
	for i := range n.children {
		n.children[i].resolve()
		n.Children = append(n.Children, n.children[i].Node)
	}
}

// nameOf returns name, or if that is "" the name of the function at pc, without the
// path of its package.
func nameOf(name string, pc uintptr) string {
	if name != "" {
		return name
	}
	if f := runtime.FuncForPC(pc); f != nil {
		name = f.Name()
	}
	name = strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], "-fm")
	return name
}

// String draws the tree, one line for each node.
func (n Node) String() string {
	var b strings.Builder
	n.draw(&b, "", "")
	return b.String()
}

// draw draws n, whose own line begins with first and those below with rest.
func (n Node) draw(b *strings.Builder, first, rest string) {
	fmt.Fprintf(b, "%s%s (%v, %v)\n", first, n.Name, n.State, n.Age)
	for i, child := range n.Children {
		if i < len(n.Children)-1 {
			child.draw(b, rest+"├── ", rest+"│   ")
		} else {
			child.draw(b, rest+"└── ", rest+"    ")
		}
	}
}
