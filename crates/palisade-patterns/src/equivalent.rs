//! Names of the same question in other tools.

use palisade_model::{Equivalent, Tool};

/// A Checkov id.
pub(crate) const fn checkov(id: &'static str) -> Equivalent {
    let tool = Tool::Checkov;
    Equivalent { tool, id }
}

/// A Trivy id.
pub(crate) const fn trivy(id: &'static str) -> Equivalent {
    let tool = Tool::Trivy;
    Equivalent { tool, id }
}

/// A Kubescape control.
pub(crate) const fn kubescape(id: &'static str) -> Equivalent {
    let tool = Tool::Kubescape;
    Equivalent { tool, id }
}

/// A kube-linter check.
pub(crate) const fn kube_linter(id: &'static str) -> Equivalent {
    let tool = Tool::KubeLinter;
    Equivalent { tool, id }
}

/// A hadolint rule.
pub(crate) const fn hadolint(id: &'static str) -> Equivalent {
    let tool = Tool::Hadolint;
    Equivalent { tool, id }
}
