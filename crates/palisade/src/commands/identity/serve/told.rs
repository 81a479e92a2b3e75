//! Takes changed files over while everything is served.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use palisade_identity::server::Server;

use super::entries::{Files, KnownFacts};
use super::upstream::UpstreamArguments;
use super::web::RulesFile;
use crate::arguments::Global;
use crate::output;

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long files stay as they are before they are read: one that is half written is not.
const CALM: Duration = Duration::from_millis(20);
/// How many times in a row files are waited for.
const MOST_WAITS: usize = 25;

/// How the files were when they were read last.
#[derive(PartialEq, Eq)]
pub(super) struct Changing {
    pub(super) upstream: [Option<SystemTime>; 3],
    pub(super) files: u64,
    pub(super) rules: Option<SystemTime>,
}

/// What is looked at.
pub(super) struct Told<'a> {
    pub(super) files: &'a Files,
    pub(super) facts: &'a KnownFacts,
    pub(super) upstream: &'a UpstreamArguments,
    pub(super) rules: Option<RulesFile>,
    pub(super) global: &'a Global,
}

impl Told<'_> {
    /// How the files are now.
    pub(super) fn now(&self) -> Changing {
        Changing {
            upstream: self.upstream.stamp(),
            files: self.files.stamp(),
            rules: self.rules.as_ref().and_then(RulesFile::stamp),
        }
    }

    /// Takes what changed over until the process is told to stop.
    pub(super) async fn follow(&self, server: &Server, mut known: Changing, signals: Signals) {
        let Signals { stop, mut hangups } = signals;
        tokio::pin!(stop);
        loop {
            let is_asked = tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(LOOK) => false,
                () = hangups.told() => true,
            };
            let now = self.calm(&known).await;
            if now.files != known.files || is_asked {
                self.take_files(server);
            }
            if now.upstream != known.upstream || is_asked {
                self.take_upstream(server);
            }
            if now.rules != known.rules || is_asked {
                self.take_rules();
            }
            known = now;
        }
    }

    /// How the files are once nobody is writing them, or when that goes on for too long.
    async fn calm(&self, known: &Changing) -> Changing {
        let mut now = self.now();
        for _ in 0..MOST_WAITS {
            if now == *known {
                break;
            }
            tokio::time::sleep(CALM).await;
            let later = self.now();
            let is_calm = later == now;
            now = later;
            if is_calm {
                break;
            }
        }
        now
    }

    fn take_files(&self, server: &Server) {
        match self.files.reload(server, self.facts, self.global) {
            Ok(1) => self.say("1 entry is in force"),
            Ok(count) => self.say(&format!("{count} entries are in force")),
            Err(error) => self.complain(&format!("{error:#}; those before stay in force")),
        }
    }

    fn take_upstream(&self, server: &Server) {
        match self.upstream.read() {
            Ok(None) => {}
            Ok(Some(upstream)) => {
                server.authority().set_upstream(upstream);
                self.say("the upstream authority signs the next key; `palisade identity rotate --now` makes one now");
            }
            Err(error) => self.complain(&format!("{error:#}; the one before goes on")),
        }
    }

    fn take_rules(&self) {
        match self.rules.as_ref().map(RulesFile::reload) {
            None | Some(Ok(false)) => {}
            Some(Ok(true)) => self.say("the rules for the exchange of tokens are in force"),
            Some(Err(error)) => {
                self.complain(&format!("{error:#}; those before stay in force"));
            }
        }
    }

    fn say(&self, sentence: &str) {
        if !self.global.quiet {
            self.complain(sentence);
        }
    }

    fn complain(&self, sentence: &str) {
        output::complain(sentence, self.global.color);
    }
}

/// What an operator's signals say, heard from here on.
pub(super) struct Signals {
    stop: Pin<Box<dyn Future<Output = ()>>>,
    hangups: Hangups,
}

impl Signals {
    pub(super) fn heard() -> Self {
        Self {
            stop: Box::pin(crate::commands::stopped()),
            hangups: hangups(),
        }
    }
}

/// The signal to read everything again.
struct Hangups(Option<tokio::signal::unix::Signal>);

fn hangups() -> Hangups {
    let kind = tokio::signal::unix::SignalKind::hangup();
    Hangups(tokio::signal::unix::signal(kind).ok())
}

impl Hangups {
    async fn told(&mut self) {
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
