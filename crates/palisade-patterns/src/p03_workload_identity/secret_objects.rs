//! Secret objects whose values stand in the code.

use palisade_model::{Secret, SecretForm};

use crate::context::Context;

/// Every Secret object with its values in the code.
pub(super) fn committed<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Secret> {
    let literal =
        |secret: &&Secret| secret.form == SecretForm::Literal && secret.namespace.is_some();
    context.model.secrets.iter().filter(literal)
}
