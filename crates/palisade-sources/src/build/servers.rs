//! Which servers of Linkerd an authorization is about, where it does not name them.

use palisade_model::{Control, ControlKind, LinkerdAuthorization, LinkerdTarget, NodeId, NodeKind};

use crate::facts::Facts;

/// Gives routes their servers, and authorizations by label one copy for each server.
pub(super) fn resolve(facts: &mut Facts) {
    let mut copies = Vec::new();
    for selection in std::mem::take(&mut facts.server_selections) {
        let ControlKind::LinkerdAuthorization(authorization) = &selection.control.kind else {
            continue;
        };
        let matching = facts.model.controls.iter().filter(|control| {
            matches!(control.kind, ControlKind::LinkerdServer(_))
                && control.namespace == selection.control.namespace
                && selection.selector.matches(&control.labels)
        });
        copies.extend(matching.map(|server| copy(&selection.control, authorization, server)));
    }
    facts.model.controls.append(&mut copies);
    let routes = std::mem::take(&mut facts.server_routes);
    for control in &mut facts.model.controls {
        if let ControlKind::LinkerdAuthorization(authorization) = &mut control.kind
            && let LinkerdTarget::HttpRoute { name, servers } = &mut authorization.target
        {
            let key = (authorization.namespace.clone(), name.clone());
            servers.extend(routes.get(&key).into_iter().flatten().cloned());
        }
    }
}

fn copy(control: &Control, authorization: &LinkerdAuthorization, server: &Control) -> Control {
    let mut control = control.clone();
    let id = format!("{}#{}", control.id.name(), server.name);
    control.id = NodeId::new(NodeKind::Control, &id);
    let mut authorization = authorization.clone();
    authorization.target = LinkerdTarget::Server {
        name: server.name.clone(),
    };
    control.kind = ControlKind::LinkerdAuthorization(authorization);
    control
}
