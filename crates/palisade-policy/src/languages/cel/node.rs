//! A compiled expression: names are resolved, macros are nodes of their own.

use palisade_document::Span;

use super::overload::Overload;
use super::syntax::Binary;

/// A node with its place in the text.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) span: Span,
}

/// Where a local variable lives in the frame.
pub(super) type Slot = usize;

/// A value that does not depend on the input.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
    Type(Box<str>),
    Service(&'static str),
}

/// How a field or element is accessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It has to be there.
    Required,
    /// `.?f`, `[?k]`: an optional comes out.
    Optional,
    /// `has(x.f)`.
    Test,
}

/// What a node does.
#[derive(Debug)]
pub(super) enum NodeKind {
    Constant(Constant),
    /// A name that nobody knows, in a scope that allows them.
    Unknown(Box<str>),
    Local(Slot),
    /// A variable of the environment, by its index in the scope.
    Root(usize),
    /// A composed variable (`variables.x`), by its index in the scope; it is computed when first
    /// used.
    Composed(usize),
    Select {
        operand: Box<Node>,
        field: Box<str>,
        access: Access,
    },
    Index {
        operand: Box<Node>,
        index: Box<Node>,
        access: Access,
    },
    Call {
        overloads: &'static [&'static Overload],
        arguments: Vec<Node>,
    },
    List(Vec<(Node, bool)>),
    Map(Vec<(Node, Node, bool)>),
    Message {
        type_name: Box<str>,
        fields: Vec<(Box<str>, Node, bool)>,
    },
    And(Vec<Node>),
    Or(Vec<Node>),
    Conditional(Box<[Node; 3]>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Binary, Box<[Node; 2]>),
    Comprehension(Box<Comprehension>),
    /// `cel.bind(x, value, body)`.
    Bind {
        slot: Slot,
        value: Box<Node>,
        body: Box<Node>,
    },
    /// `cel.block([values…], body)`: later values see earlier ones; each is computed when used.
    Block {
        first: Slot,
        values: Vec<Node>,
        body: Box<Node>,
    },
    /// A value of the enclosing block.
    BlockValue {
        slot: Slot,
    },
    /// `x.optMap(v, body)` and `x.optFlatMap(v, body)`.
    OptionalMap {
        operand: Box<Node>,
        slot: Slot,
        body: Box<Node>,
        flat: bool,
    },
    /// `x.or(y)` and `x.orValue(y)`: the second is computed only if needed.
    OrElse {
        operand: Box<Node>,
        otherwise: Box<Node>,
        value: bool,
    },
}

/// A loop over a list or map.
#[derive(Debug)]
pub(super) struct Comprehension {
    pub(super) range: Node,
    /// With two variables, the first is the index or key.
    pub(super) first: Slot,
    pub(super) second: Option<Slot>,
    pub(super) fold: Fold,
}

/// What a loop computes.
#[derive(Debug)]
pub(super) enum Fold {
    All(Node),
    Exists(Node),
    ExistsOne(Node),
    Filter(Node),
    Map {
        keep: Option<Node>,
        value: Node,
    },
    /// `transformMap`: values change, keys stay.
    TransformMap {
        keep: Option<Node>,
        value: Node,
    },
    /// `transformMapEntry`: each step gives a map that is merged in.
    TransformMapEntry {
        keep: Option<Node>,
        value: Node,
    },
    /// `sortBy`: the elements in the order of their keys.
    SortBy(Node),
}
