//! From syntax to nodes: looks names up and gives local variables their slots.

use palisade_document::Span;

use super::fault::Mistake;
use super::macros;
use super::node::{Access, Constant, Node, NodeKind, Slot};
use super::overload::{self, MAX_ARITY, Overload, Style};
use super::regexes::Regexes;
use super::scope::Scope;
use super::syntax::{Expr, ExprKind, Field, Literal};

/// Most local variables at once.
const MAX_LOCALS: usize = 4096;

/// Names of types that are values.
const TYPES: [(&str, &str); 21] = [
    ("int", "int"),
    ("uint", "uint"),
    ("double", "double"),
    ("bool", "bool"),
    ("string", "string"),
    ("bytes", "bytes"),
    ("list", "list"),
    ("map", "map"),
    ("type", "type"),
    ("null_type", "null_type"),
    ("optional_type", "optional_type"),
    ("google.protobuf.Timestamp", "google.protobuf.Timestamp"),
    ("google.protobuf.Duration", "google.protobuf.Duration"),
    ("net.IP", "net.IP"),
    ("net.CIDR", "net.CIDR"),
    ("kubernetes.URL", "kubernetes.URL"),
    ("kubernetes.Quantity", "kubernetes.Quantity"),
    ("kubernetes.Semver", "kubernetes.Semver"),
    ("kubernetes.NamedFormat", "kubernetes.NamedFormat"),
    ("kyverno.image", "kyverno.image"),
    ("google.protobuf.NullValue", "google.protobuf.NullValue"),
];

/// A compiled expression and what it needs.
pub(super) struct Resolved {
    pub(super) node: Node,
    pub(super) locals: usize,
    pub(super) regexes: Regexes,
}

/// Resolves an expression in a scope.
pub(super) fn resolve(expr: &Expr, scope: &Scope) -> Result<Resolved, Mistake> {
    let mut resolver = Resolver {
        scope,
        locals: Vec::new(),
        next: 0,
        most: 0,
        regexes: Regexes::default(),
    };
    let node = resolver.node(expr)?;
    Ok(Resolved {
        node,
        locals: resolver.most,
        regexes: resolver.regexes,
    })
}

/// What a local name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Local {
    Plain(Slot),
    Block(Slot),
}

pub(super) struct Resolver<'s> {
    pub(super) scope: &'s Scope,
    locals: Vec<(String, Local)>,
    next: Slot,
    most: usize,
    regexes: Regexes,
}

impl Resolver<'_> {
    pub(super) fn node(&mut self, expr: &Expr) -> Result<Node, Mistake> {
        let kind = match &expr.kind {
            ExprKind::Literal(literal) => NodeKind::Constant(constant(literal)),
            ExprKind::Name { .. } => self.name(expr)?,
            ExprKind::Select {
                field, optional, ..
            } if *optional => self.select(expr, field, Access::Optional)?,
            ExprKind::Select { field, .. } => match self.qualified(expr)? {
                Some(kind) => kind,
                None => self.select(expr, field, Access::Required)?,
            },
            ExprKind::Index {
                operand,
                index,
                optional,
            } => NodeKind::Index {
                operand: self.boxed(operand)?,
                index: self.boxed(index)?,
                access: if *optional {
                    Access::Optional
                } else {
                    Access::Required
                },
            },
            ExprKind::Call { .. } => return self.call(expr),
            ExprKind::List(items) => NodeKind::List(
                items
                    .iter()
                    .map(|item| Ok((self.node(&item.value)?, item.optional)))
                    .collect::<Result<_, Mistake>>()?,
            ),
            ExprKind::Map(entries) => NodeKind::Map(
                entries
                    .iter()
                    .map(|entry| {
                        let key = self.node(&entry.key)?;
                        Ok((key, self.node(&entry.value)?, entry.optional))
                    })
                    .collect::<Result<_, Mistake>>()?,
            ),
            ExprKind::Message { type_name, fields } => {
                self.message(type_name, fields, expr.span)?
            }
            ExprKind::And(parts) => NodeKind::And(self.nodes(parts)?),
            ExprKind::Or(parts) => NodeKind::Or(self.nodes(parts)?),
            ExprKind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                let parts = [
                    self.node(condition)?,
                    self.node(then)?,
                    self.node(otherwise)?,
                ];
                NodeKind::Conditional(Box::new(parts))
            }
            ExprKind::Not(operand) => NodeKind::Not(self.boxed(operand)?),
            ExprKind::Negate(operand) => NodeKind::Negate(self.boxed(operand)?),
            ExprKind::Binary(operator, operands) => {
                let [left, right] = &**operands;
                let operands = [self.node(left)?, self.node(right)?];
                NodeKind::Binary(*operator, Box::new(operands))
            }
        };
        Ok(Node {
            kind,
            span: expr.span,
        })
    }

    pub(super) fn boxed(&mut self, expr: &Expr) -> Result<Box<Node>, Mistake> {
        self.node(expr).map(Box::new)
    }

    pub(super) fn nodes(&mut self, exprs: &[Expr]) -> Result<Vec<Node>, Mistake> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    fn select(&mut self, expr: &Expr, field: &str, access: Access) -> Result<NodeKind, Mistake> {
        let ExprKind::Select { operand, .. } = &expr.kind else {
            return Err(Mistake::at(expr.span, "expected a field selection"));
        };
        Ok(NodeKind::Select {
            operand: self.boxed(operand)?,
            field: field.into(),
            access,
        })
    }

    /// `has(x.f)`.
    pub(super) fn test(&mut self, argument: &Expr) -> Result<NodeKind, Mistake> {
        let ExprKind::Select { operand, field, .. } = &argument.kind else {
            let message = "`has` takes a field selection such as `has(object.spec)`";
            return Err(Mistake::at(argument.span, message));
        };
        if self.is_variables(operand) {
            let known = self.scope.composed(field).is_some();
            return Ok(NodeKind::Constant(Constant::Bool(known)));
        }
        self.select(argument, field, Access::Test)
    }

    fn name(&mut self, expr: &Expr) -> Result<NodeKind, Mistake> {
        if let Some(kind) = self.qualified(expr)? {
            return Ok(kind);
        }
        let name = match &expr.kind {
            ExprKind::Name { name, .. } => name.as_str(),
            _ => "",
        };
        let message = if name == "variables" && self.scope.composes() {
            "`variables` is used by the name of a variable: `variables.name`".to_owned()
        } else {
            format!("`{name}` is not a variable here")
        };
        self.unknown(expr.span, message)
    }

    fn unknown(&self, span: Span, message: String) -> Result<NodeKind, Mistake> {
        if self.scope.unchecked {
            return Ok(NodeKind::Unknown(message.into()));
        }
        Err(Mistake::at(span, message))
    }

    /// A name, or a chain of selections that together name a variable or type.
    fn qualified(&self, expr: &Expr) -> Result<Option<NodeKind>, Mistake> {
        let Some((name, absolute)) = dotted(expr) else {
            return Ok(None);
        };
        let simple = matches!(expr.kind, ExprKind::Name { .. });
        let head = name.split('.').next().unwrap_or("");
        if !absolute && let Some(local) = self.local(head) {
            return Ok(simple.then_some(match local {
                Local::Plain(slot) => NodeKind::Local(slot),
                Local::Block(slot) => NodeKind::BlockValue { slot },
            }));
        }
        if let Some(composed) = name.strip_prefix("variables.")
            && self.scope.composes()
            && !composed.contains('.')
        {
            let index = self.scope.composed(composed);
            let message = || format!("`variables.{composed}` is not defined before this place");
            let index = index.ok_or_else(|| Mistake::at(expr.span, message()))?;
            return Ok(Some(NodeKind::Composed(index)));
        }
        for candidate in candidates(&self.scope.container, &name, absolute) {
            if let Some(index) = self.scope.root(&candidate) {
                return Ok(Some(NodeKind::Root(index)));
            }
            if let Some((_, type_name)) = TYPES.iter().find(|(known, _)| *known == candidate) {
                let constant = Constant::Type((*type_name).into());
                return Ok(Some(NodeKind::Constant(constant)));
            }
            if let Some(service) = macros::service(self.scope.dialect, &candidate) {
                return Ok(Some(NodeKind::Constant(service)));
            }
            if candidate == "google.protobuf.NullValue.NULL_VALUE" {
                return Ok(Some(NodeKind::Constant(Constant::Null)));
            }
        }
        Ok(None)
    }

    fn is_variables(&self, expr: &Expr) -> bool {
        let named = matches!(&expr.kind, ExprKind::Name { name, .. } if name == "variables");
        named && self.scope.composes() && self.local("variables").is_none()
    }

    fn message(
        &mut self,
        type_name: &str,
        fields: &[Field],
        span: Span,
    ) -> Result<NodeKind, Mistake> {
        let absolute = type_name.starts_with('.');
        let plain = type_name.trim_start_matches('.');
        let known = candidates(&self.scope.container, plain, absolute)
            .find(|name| macros::is_message(self.scope.dialect, name));
        let type_name = known
            .ok_or_else(|| Mistake::at(span, format!("`{plain}` is not a type of message here")))?;
        let mut resolved: Vec<(Box<str>, Node, bool)> = Vec::with_capacity(fields.len());
        for field in fields {
            let value = self.node(&field.value)?;
            if resolved.iter().any(|(name, _, _)| **name == *field.name) {
                let message = format!("the field `{}` is set twice", field.name);
                return Err(Mistake::at(field.value.span, message));
            }
            resolved.push((field.name.as_str().into(), value, field.optional));
        }
        Ok(NodeKind::Message {
            type_name: type_name.into(),
            fields: resolved,
        })
    }

    fn call(&mut self, expr: &Expr) -> Result<Node, Mistake> {
        if let Some(kind) = macros::expand(self, expr)? {
            return Ok(Node {
                kind,
                span: expr.span,
            });
        }
        let ExprKind::Call {
            receiver,
            name,
            arguments,
        } = &expr.kind
        else {
            return Err(Mistake::at(expr.span, "expected a call"));
        };
        let Some(receiver) = receiver else {
            return self.apply(name, None, arguments, expr.span);
        };
        // `math.abs(x)`: the receiver is a part of the function's name.
        if let Some((prefix, _)) = dotted(receiver)
            && self.local(prefix.split('.').next().unwrap_or("")).is_none()
        {
            let full = format!("{prefix}.{name}");
            if overload::exists(self.scope.dialect, &full, Style::Global) {
                return self.apply(&full, None, arguments, expr.span);
            }
        }
        self.apply(name, Some(receiver), arguments, expr.span)
    }

    pub(super) fn apply(
        &mut self,
        name: &str,
        receiver: Option<&Expr>,
        arguments: &[Expr],
        span: Span,
    ) -> Result<Node, Mistake> {
        let style = match receiver {
            Some(_) => Style::Member,
            None => Style::Global,
        };
        let arity = arguments.len() + usize::from(receiver.is_some());
        let overloads: &'static [&'static Overload] = if arity > MAX_ARITY {
            &[]
        } else {
            overload::find(self.scope.dialect, name, style, arity)
        };
        if overloads.is_empty() {
            let known = overload::exists(self.scope.dialect, name, style);
            let message = match (known, style) {
                (true, _) => format!("`{name}` does not take {} arguments", arguments.len()),
                (false, Style::Member) => format!("there is no method `{name}` here"),
                (false, Style::Global) => format!("there is no function `{name}` here"),
            };
            let kind = self.unknown(span, message)?;
            return Ok(Node { kind, span });
        }
        let mut nodes = Vec::with_capacity(arity);
        if let Some(receiver) = receiver {
            nodes.push(self.node(receiver)?);
        }
        nodes.extend(self.nodes(arguments)?);
        if let Some(at) = super::regexes::pattern_argument(name)
            && let Some(Node {
                kind: NodeKind::Constant(Constant::Text(pattern)),
                span,
            }) = nodes.get(at)
        {
            let added = self.regexes.add(pattern);
            added.map_err(|message| Mistake::at(*span, message))?;
        }
        let kind = NodeKind::Call {
            overloads,
            arguments: nodes,
        };
        Ok(Node { kind, span })
    }

    fn local(&self, name: &str) -> Option<Local> {
        let mut inner = self.locals.iter().rev();
        inner
            .find(|(known, _)| known == name)
            .map(|(_, local)| *local)
    }

    /// A new slot.
    pub(super) fn slot(&mut self, span: Span) -> Result<Slot, Mistake> {
        let slot = self.next;
        self.next += 1;
        self.most = self.most.max(self.next);
        if self.next > MAX_LOCALS {
            let message = format!("the expression has more than {MAX_LOCALS} local variables");
            return Err(Mistake::at(span, message));
        }
        Ok(slot)
    }

    /// Resolves with names in sight, which go out of it afterwards.
    pub(super) fn with<T>(
        &mut self,
        names: &[(&str, Local)],
        inner: impl FnOnce(&mut Self) -> Result<T, Mistake>,
    ) -> Result<T, Mistake> {
        let before = self.locals.len();
        self.locals.extend(
            names
                .iter()
                .map(|(name, local)| ((*name).to_owned(), *local)),
        );
        let result = inner(self);
        self.locals.truncate(before);
        result
    }

    /// Gives back slots from `slot` on.
    pub(super) fn release(&mut self, slot: Slot) {
        self.next = slot;
    }
}

fn constant(literal: &Literal) -> Constant {
    match literal {
        Literal::Null => Constant::Null,
        Literal::Bool(value) => Constant::Bool(*value),
        Literal::Int(value) => Constant::Int(*value),
        Literal::Uint(value) => Constant::Uint(*value),
        Literal::Double(value) => Constant::Double(*value),
        Literal::Text(text) => Constant::Text(text.as_str().into()),
        Literal::Bytes(bytes) => Constant::Bytes(bytes.as_slice().into()),
    }
}

/// `a.b.c` if the expression is only names, and whether it started with a dot.
pub(super) fn dotted(expr: &Expr) -> Option<(String, bool)> {
    match &expr.kind {
        ExprKind::Name { name, absolute } => Some((name.clone(), *absolute)),
        ExprKind::Select {
            operand,
            field,
            optional: false,
        } => {
            let (prefix, absolute) = dotted(operand)?;
            Some((format!("{prefix}.{field}"), absolute))
        }
        _ => None,
    }
}

/// The full names that a name may stand for, from the innermost package outwards.
fn candidates(container: &str, name: &str, absolute: bool) -> impl Iterator<Item = String> {
    let mut prefix = (!absolute && !container.is_empty()).then(|| container.to_owned());
    let name = name.to_owned();
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let Some(package) = prefix.take() else {
            done = true;
            return Some(name.clone());
        };
        prefix = package.rsplit_once('.').map(|(outer, _)| outer.to_owned());
        Some(format!("{package}.{name}"))
    })
}
