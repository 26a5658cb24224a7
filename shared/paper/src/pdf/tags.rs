//! The tree that tells a screen reader what the marks on the pages are, and in which order they are read.

use krilla::tagging::{Identifier, Node, TagGroup, TagKind, TagTree};

/// A branch of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Branch(usize);

enum Child {
    Branch(Branch),
    Leaf(Identifier),
}

struct Grown {
    kind: TagKind,
    children: Vec<Child>,
}

/// The tree while it grows: branches as blocks are added, leaves as they are painted.
#[derive(Default)]
pub(super) struct Tags {
    grown: Vec<Grown>,
    roots: Vec<Branch>,
}

impl Tags {
    /// A branch at the root.
    pub fn root(&mut self, kind: impl Into<TagKind>) -> Branch {
        let branch = self.grow(kind.into());
        self.roots.push(branch);
        branch
    }

    /// A branch under another.
    pub fn under(&mut self, parent: Branch, kind: impl Into<TagKind>) -> Branch {
        let branch = self.grow(kind.into());
        self.hang(parent, Child::Branch(branch));
        branch
    }

    /// What was painted, as a leaf of a branch.
    pub fn leaf(&mut self, parent: Branch, leaf: Identifier) {
        self.hang(parent, Child::Leaf(leaf));
    }

    fn grow(&mut self, kind: TagKind) -> Branch {
        self.grown.push(Grown { kind, children: Vec::new() });
        Branch(self.grown.len() - 1)
    }

    fn hang(&mut self, parent: Branch, child: Child) {
        if let Some(parent) = self.grown.get_mut(parent.0) {
            parent.children.push(child);
        }
    }

    /// The finished tree.
    pub fn finish(self, language: &str) -> TagTree {
        let mut groups: Vec<Option<TagGroup>> = self.grown.iter().map(|_| None).collect();
        // A child is always younger than its parent.
        for (place, grown) in self.grown.into_iter().enumerate().rev() {
            let children = grown.children.into_iter().filter_map(|child| match child {
                Child::Branch(branch) => groups.get_mut(branch.0).and_then(Option::take).map(Node::from),
                Child::Leaf(leaf) => Some(Node::from(leaf)),
            });
            let group = TagGroup::with_children(grown.kind, children.collect());
            if let Some(slot) = groups.get_mut(place) {
                *slot = Some(group);
            }
        }
        let roots: Vec<Node> = self.roots.into_iter().filter_map(|root| groups.get_mut(root.0).and_then(Option::take).map(Node::from)).collect();
        TagTree::from(roots).with_lang(Some(language.to_owned()))
    }
}
