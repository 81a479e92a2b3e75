//! Sets of classes: dense words while there are few classes, compressed above.

use fixedbitset::FixedBitSet;
use roaring::RoaringBitmap;

/// Up to so many classes a set is one bit per class; above, most sets are sparse.
const DENSE_CLASSES: u32 = 8_000;

/// The number of a class.
pub(super) type ClassId = u32;

/// A set of classes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bitmap {
    /// One bit per class.
    Dense(FixedBitSet),
    /// Compressed.
    Sparse(RoaringBitmap),
}

fn at(class: ClassId) -> usize {
    usize::try_from(class).unwrap_or(usize::MAX)
}

impl Bitmap {
    /// No class out of so many.
    pub(super) fn empty(classes: u32) -> Self {
        if classes <= DENSE_CLASSES {
            Self::Dense(FixedBitSet::with_capacity(at(classes)))
        } else {
            Self::Sparse(RoaringBitmap::new())
        }
    }

    /// Every class out of so many.
    pub(super) fn full(classes: u32) -> Self {
        let mut out = Self::empty(classes);
        out.insert_range(0, classes);
        if let Self::Sparse(bits) = &mut out {
            bits.optimize();
        }
        out
    }

    /// Adds one class.
    pub(super) fn insert(&mut self, class: ClassId) {
        match self {
            Self::Dense(bits) => bits.insert(at(class)),
            Self::Sparse(bits) => {
                bits.insert(class);
            }
        }
    }

    /// Adds classes from `first` up to, not including, `end`.
    pub(super) fn insert_range(&mut self, first: ClassId, end: ClassId) {
        if first >= end {
            return;
        }
        match self {
            Self::Dense(bits) => bits.insert_range(at(first)..at(end)),
            Self::Sparse(bits) => {
                bits.insert_range(first..end);
            }
        }
    }

    /// Takes out classes from `first` up to, not including, `end`.
    pub(super) fn remove_range(&mut self, first: ClassId, end: ClassId) {
        if first >= end {
            return;
        }
        match self {
            Self::Dense(bits) => bits.remove_range(at(first)..at(end)),
            Self::Sparse(bits) => {
                bits.remove_range(first..end);
            }
        }
    }

    /// Whether a class is in it.
    pub(super) fn contains(&self, class: ClassId) -> bool {
        match self {
            Self::Dense(bits) => bits.contains(at(class)),
            Self::Sparse(bits) => bits.contains(class),
        }
    }

    /// Whether no class is in it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Dense(bits) => bits.is_clear(),
            Self::Sparse(bits) => bits.is_empty(),
        }
    }

    /// Whether some class from `first` up to, not including, `end` is in it.
    pub(super) fn meets_range(&self, first: ClassId, end: ClassId) -> bool {
        if first >= end {
            return false;
        }
        match self {
            Self::Dense(bits) => bits.count_ones(at(first)..at(end)) > 0,
            Self::Sparse(bits) => bits.range_cardinality(first..end) > 0,
        }
    }

    /// About how many words of memory it takes, and an operation on it looks at.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::Dense(bits) => bits.len() as u64 / 64 + 1,
            Self::Sparse(bits) => bits.serialized_size() as u64 / 8 + 1,
        }
    }

    /// How many classes are in it.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Dense(bits) => bits.count_ones(..) as u64,
            Self::Sparse(bits) => bits.len(),
        }
    }

    /// Whether every class of this one is in the other.
    pub(super) fn is_subset(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dense(left), Self::Dense(right)) => left.is_subset(right),
            (Self::Sparse(left), Self::Sparse(right)) => left.is_subset(right),
            _ => self.iter().all(|class| other.contains(class)),
        }
    }

    /// Classes in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Dense(left), Self::Dense(right)) => {
                let mut out = left.clone();
                out.intersect_with(right);
                Self::Dense(out)
            }
            (Self::Sparse(left), Self::Sparse(right)) => Self::Sparse(left & right),
            _ => self.clone(),
        }
    }

    /// Adds every class of the other.
    pub(super) fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Dense(left), Self::Dense(right)) => left.union_with(right),
            (Self::Sparse(left), Self::Sparse(right)) => *left |= right,
            (left, right) => right.iter().for_each(|class| left.insert(class)),
        }
    }

    /// Takes out every class of the other.
    pub(super) fn remove(&mut self, other: &Self) {
        match (self, other) {
            (Self::Dense(left), Self::Dense(right)) => left.difference_with(right),
            (Self::Sparse(left), Self::Sparse(right)) => *left -= right,
            (left, right) => right
                .iter()
                .for_each(|class| left.remove_range(class, class.saturating_add(1))),
        }
    }

    /// Classes, ascending.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = ClassId> + '_> {
        match self {
            Self::Dense(bits) => Box::new(
                bits.ones()
                    .map(|index| ClassId::try_from(index).unwrap_or(ClassId::MAX)),
            ),
            Self::Sparse(bits) => Box::new(bits.iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_and_sparse_answer_alike() {
        for classes in [100, DENSE_CLASSES + 1] {
            let mut left = Bitmap::empty(classes);
            left.insert_range(10, 20);
            left.remove_range(12, 14);
            let mut right = Bitmap::empty(classes);
            right.insert(11);
            right.insert(50);
            assert_eq!(left.len(), 8, "{classes}");
            assert_eq!(left.and(&right).iter().collect::<Vec<_>>(), [11]);
            assert!(!right.is_subset(&left) && right.is_subset(&Bitmap::full(classes)));
            right.remove(&left);
            right.add(&left);
            assert_eq!(right.len(), 9);
            right.remove(&Bitmap::full(classes));
            assert!(right.is_empty() && !right.contains(50));
        }
    }
}
