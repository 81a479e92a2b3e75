//! The server's own document, for what it serves itself.

use std::sync::{Arc, Mutex, PoisonError};

use super::Server;
use crate::authority::{Signed, X509Request, is_rotation_due};
use crate::endpoint::OwnDocuments;
use crate::spiffe::X509Svid;
use crate::{Holdings, SpiffeId};

/// The id of a server, below its trust domain.
const SERVER: &str = "/palisade/server";

/// A document that was made last.
pub(super) type Last = Mutex<Option<Signed<X509Svid>>>;

impl Server {
    /// Who the server itself is.
    ///
    /// # Errors
    /// The trust domain leaves no room for the path.
    pub fn own_id(&self) -> Result<SpiffeId, crate::IdError> {
        self.trust_domain().with_path(SERVER)
    }

    /// A document of this server that is good now, made anew where the last one is due.
    fn own_document(&self) -> Option<X509Svid> {
        let mut last = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*last {
            let trusted = self
                .authority
                .subscribe()
                .borrow()
                .is_trusted(&known.authority);
            let (from, to) = (known.document.not_before, known.document.not_after);
            if trusted && !is_rotation_due(from, to, 100, self.clock.now()) {
                return Some(known.document.clone());
            }
        }
        let id = self.own_id().ok()?;
        // Where nothing can be signed now, nobody is let in.
        let signed = self.authority.sign_x509(&X509Request::new(&id)).ok()?;
        let document = signed.document.clone();
        *last = Some(signed);
        Some(document)
    }
}

impl OwnDocuments for Server {
    fn holdings(&self) -> Option<Arc<Holdings>> {
        let world = self.engine.world();
        Some(Arc::new(Holdings {
            svids: vec![self.own_document()?],
            own: world.own.clone(),
            federated: world.federated.clone(),
        }))
    }
}
