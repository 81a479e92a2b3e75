//! Join tokens: shown once, kept as a hash, redeemed once.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use sqlx::{Row as _, query};
use zeroize::Zeroizing;

use super::{Change, Store, StoreError, seconds};

/// Random bytes of a token.
const TOKEN_BYTES: usize = 24;
/// The longest text that is looked up.
const LONGEST: usize = 256;

/// A token that lets one agent join once.
#[derive(Clone)]
pub struct JoinToken {
    /// The text to give to the agent.
    pub text: Zeroizing<String>,
    /// The id that the agent gets.
    pub agent: String,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
}

impl std::fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinToken")
            .field("agent", &self.agent)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl JoinToken {
    /// Makes a token for an agent's id.
    ///
    /// # Errors
    /// The machine gives no random numbers.
    pub fn new(agent: &str, expires: Timestamp) -> Result<Self, StoreError> {
        let mut bytes = [0_u8; TOKEN_BYTES];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| super::SealError::Chance)?;
        let mut text = Zeroizing::new(String::with_capacity(TOKEN_BYTES.saturating_mul(2)));
        for byte in bytes {
            for digit in [byte >> 4, byte & 0xf] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        Ok(Self {
            text,
            agent: agent.to_owned(),
            expires,
        })
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        hash(&self.text)
    }
}

/// A token is random, so that a plain hash neither gives it away nor lets timing find it.
fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

impl Store {
    /// Redeems a token and gives the agent's id; of several that try, one gets it.
    ///
    /// # Errors
    /// [`StoreError::Token`] when it is not known, used or expired.
    pub async fn redeem(&self, token: &str, now: Timestamp) -> Result<String, StoreError> {
        if token.len() > LONGEST {
            return Err(StoreError::Token);
        }
        let row = query("DELETE FROM tokens WHERE hash = $1 RETURNING agent, expires")
            .bind(hash(token))
            .fetch_optional(&self.pool)
            .await?
            .ok_or(StoreError::Token)?;
        let expires: i64 = row.try_get(1)?;
        if expires <= seconds(now) {
            return Err(StoreError::Token);
        }
        Ok(row.try_get(0)?)
    }

    /// Makes a token and keeps its hash.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn invite(&self, agent: &str, expires: Timestamp) -> Result<JoinToken, StoreError> {
        let token = JoinToken::new(agent, expires)?;
        self.change(None, &[Change::PutToken(token.clone())])
            .await?;
        Ok(token)
    }
}
