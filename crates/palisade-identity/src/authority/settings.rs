//! How long authorities and documents live.

use jiff::SignedDuration;

use super::state::Kind;
use crate::spiffe::TrustDomain;

/// What an authority is set up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whose documents it signs.
    pub trust_domain: TrustDomain,
    /// How long an X.509 authority and a JWT key live.
    pub authority_lifetime: SignedDuration,
    /// How long an X509-SVID lives when nothing else is asked.
    pub x509_lifetime: SignedDuration,
    /// How long a JWT-SVID lives when nothing else is asked.
    pub jwt_lifetime: SignedDuration,
    /// How soon readers of the bundle are told to look again.
    pub refresh_hint: SignedDuration,
    /// How long a key stands in the bundle before it signs (Federation section 4.1 recommends 3 to
    /// 5 refresh hints).
    pub publish_ahead: SignedDuration,
    /// The `iss` of tokens: the address of the discovery document that clouds look at.
    pub issuer: Option<String>,
    /// The kinds of keys that are kept.
    pub kinds: Vec<Kind>,
    /// Audiences whose readers take RS256 only.
    pub rs256_audiences: Vec<String>,
}

impl Settings {
    /// The defaults: authorities of a day, documents of an hour, tokens of five minutes.
    pub fn new(trust_domain: TrustDomain) -> Self {
        Self {
            trust_domain,
            authority_lifetime: SignedDuration::from_hours(24),
            x509_lifetime: SignedDuration::from_hours(1),
            jwt_lifetime: SignedDuration::from_mins(5),
            refresh_hint: SignedDuration::from_mins(5),
            publish_ahead: SignedDuration::from_mins(15),
            issuer: None,
            kinds: vec![Kind::X509, Kind::Es256, Kind::Rs256],
            rs256_audiences: vec!["api://AzureADTokenExchange".to_owned()],
        }
    }

    /// Why these cannot be used, in a sentence.
    pub(crate) fn check(&self) -> Result<(), String> {
        let least = SignedDuration::from_secs(1);
        let most = SignedDuration::from_hours(24 * 366 * 20);
        for (name, span) in [
            ("the lifetime of an authority", self.authority_lifetime),
            ("the lifetime of an X509-SVID", self.x509_lifetime),
            ("the lifetime of a JWT-SVID", self.jwt_lifetime),
            ("the refresh hint", self.refresh_hint),
        ] {
            if span < least || span > most {
                return Err(format!(
                    "{name} is between a second and 20 years, not {span:#}"
                ));
            }
        }
        let half = SignedDuration::from_secs(self.authority_lifetime.as_secs() / 2);
        if self.publish_ahead.is_negative() || self.publish_ahead > half {
            return Err(format!(
                "a key is published at most half of its lifetime ahead, {half:#}, not {:#}",
                self.publish_ahead
            ));
        }
        for needed in [Kind::X509, Kind::Es256] {
            if !self.kinds.contains(&needed) {
                return Err(format!("an authority keeps a key of kind {needed}"));
            }
        }
        Ok(())
    }
}
