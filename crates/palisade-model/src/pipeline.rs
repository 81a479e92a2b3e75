//! What builds and deploys: Dockerfiles, Skaffold and Compose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::{ImageRef, SecretKind};
use crate::id::NodeId;
use crate::origin::{Fact, Origin};

/// Something that builds or deploys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// `pipeline:PATH`.
    pub id: NodeId,
    /// Name: the path of the file.
    pub name: String,
    /// The Dockerfile, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildFile>,
    /// Images that it makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub makes: Vec<MadeImage>,
    /// What it deploys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deploys: Vec<Fact<DeployPath>>,
    /// Where it stands.
    pub origin: Origin,
    /// Digest of the content.
    pub content: String,
}

/// An image that a pipeline makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MadeImage {
    /// Its name as written; a registry and a tag may be put to it when it is pushed.
    pub image: Fact<ImageRef>,
    /// The build file that it is made from, as a path; `None` when another builder makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_file: Option<String>,
}

/// Files that a pipeline or reconciler deploys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum DeployPath {
    /// A file or folder below where the run started.
    Here(String),
    /// A glob of files below where the run started.
    Glob(String),
    /// A folder of a repository, which may be this one or hold it.
    Repository(String),
    /// A chart of a registry, whose files are not here.
    Elsewhere(String),
}

/// A Dockerfile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildFile {
    /// Stages in order; the last is the image.
    pub stages: Vec<BuildStage>,
    /// Named build arguments before the first stage, with a default where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub global_args: Vec<(Fact<String>, Option<String>)>,
}

/// One `FROM` and what follows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildStage {
    /// `AS` name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Image as written, build arguments put in.
    pub base: Fact<String>,
    /// The reference; `None` for `scratch`, an earlier stage, or what cannot be resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageRef>,
    /// The earlier stage that it starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_stage: Option<usize>,
    /// Instructions in order.
    pub instructions: Vec<BuildInstruction>,
    /// Where `FROM` stands.
    pub origin: Origin,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildInstruction {
    /// What it does.
    pub command: BuildCommand,
    /// Where it stands.
    pub origin: Origin,
}

/// Instructions that matter for security.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum BuildCommand {
    /// `RUN`.
    Run {
        /// The shell text, heredocs included, or the words of the exec form joined.
        script: String,
        /// Whether a `--mount=type=secret` is used.
        mounts_secret: bool,
        /// Whether `--security=insecure` or `--network=host` is asked for, as written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        privileged: Option<String>,
    },
    /// `USER`.
    User {
        /// As written.
        user: String,
    },
    /// `ADD`.
    Add {
        /// Sources.
        sources: Vec<String>,
        /// Whether `--checksum` is given.
        checksum: bool,
    },
    /// `COPY`.
    Copy {
        /// Sources.
        sources: Vec<String>,
        /// `--from`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
    },
    /// `ENV` or `ARG`, one per variable.
    Variable {
        /// Whether it is `ARG`.
        build_argument: bool,
        /// Name.
        name: String,
        /// What kind of secret its value is, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<SecretKind>,
        /// Whether programs that read it stop checking certificates.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        turns_verification_off: bool,
    },
    /// `EXPOSE`.
    Expose {
        /// As written.
        ports: Vec<String>,
    },
    /// `HEALTHCHECK`.
    Healthcheck {
        /// Whether it is `NONE`.
        none: bool,
    },
    /// `ENTRYPOINT`.
    Entrypoint {
        /// The words.
        words: Vec<String>,
    },
    /// `CMD`.
    Cmd {
        /// The words.
        words: Vec<String>,
    },
    /// `WORKDIR`.
    Workdir {
        /// As written.
        path: String,
    },
    /// `SHELL`.
    Shell {
        /// The words.
        words: Vec<String>,
    },
    /// `VOLUME`.
    Volume,
    /// `LABEL`.
    Label {
        /// Keys.
        keys: Vec<String>,
    },
    /// Any other, by its name.
    Other {
        /// Name in capitals.
        keyword: String,
    },
}
