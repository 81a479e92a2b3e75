//! The twelve patterns by number, and how far one is met.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A pattern's number, 1 to 12. Numbers are public interface and never change meaning.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct PatternId(u8);

impl PatternId {
    /// Pattern 1.
    pub const IDENTITY_AWARE_INGRESS: Self = Self(1);
    /// Pattern 2.
    pub const MESH_MTLS: Self = Self(2);
    /// Pattern 3.
    pub const WORKLOAD_IDENTITY: Self = Self(3);
    /// Pattern 4.
    pub const LEAST_PRIVILEGE_ACCESS: Self = Self(4);
    /// Pattern 5.
    pub const NETWORK_SEGMENTATION: Self = Self(5);
    /// Pattern 6.
    pub const POLICY_AS_CODE: Self = Self(6);
    /// Pattern 7.
    pub const SIGNED_ARTIFACTS: Self = Self(7);
    /// Pattern 8.
    pub const HARDENED_RUNTIME: Self = Self(8);
    /// Pattern 9.
    pub const DATA_PROTECTION: Self = Self(9);
    /// Pattern 10.
    pub const DECLARATIVE_DELIVERY: Self = Self(10);
    /// Pattern 11.
    pub const STITCHED_TELEMETRY: Self = Self(11);
    /// Pattern 12.
    pub const AUTOMATED_RESPONSE: Self = Self(12);

    /// All twelve, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=12).map(Self)
    }

    /// The pattern of this number; `None` outside 1 to 12.
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= 12 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The slug that names the pattern in folders, pages and output.
    pub const fn slug(self) -> &'static str {
        match self.0 {
            1 => "identity-aware-ingress",
            2 => "mesh-mtls",
            3 => "workload-identity",
            4 => "least-privilege-access",
            5 => "network-segmentation",
            6 => "policy-as-code",
            7 => "signed-artifacts",
            8 => "hardened-runtime",
            9 => "data-protection",
            10 => "declarative-delivery",
            11 => "stitched-telemetry",
            _ => "automated-response",
        }
    }

    /// The slug in words.
    pub const fn title(self) -> &'static str {
        match self.0 {
            1 => "identity-aware ingress",
            2 => "mesh mTLS",
            3 => "workload identity",
            4 => "least-privilege access",
            5 => "network segmentation",
            6 => "policy-as-code",
            7 => "signed artifacts",
            8 => "hardened runtime",
            9 => "data protection",
            10 => "declarative delivery",
            11 => "stitched telemetry",
            _ => "automated response",
        }
    }

    /// The promise in one sentence.
    pub const fn promise(self) -> &'static str {
        match self.0 {
            1 => "every entry point authenticates a caller before a workload sees a byte",
            2 => "every east-west call is encrypted and mutually authenticated",
            3 => "each workload has its own short-lived identity, and no static secret exists",
            4 => {
                "calls and grants are allowed per method and per dataset, nothing standing that is not used"
            }
            5 => "default deny; only declared flows exist, in and out",
            6 => "guardrails are reviewed code that runs before merge and at admission",
            7 => "golden images, pinned, with SBOM, provenance and a signature that is verified",
            8 => "least runtime rights for containers and functions",
            9 => "every dataset is classified, encrypted, private and recoverable",
            10 => "what runs is what the code says; any change can be rolled back",
            11 => "logs, traces and decisions share one identity and one trace",
            _ => "a detection leads to containment by itself, and the exercise is repeated",
        }
    }

    /// The layer of the diagram that it sits on.
    pub const fn layer(self) -> Layer {
        match self.0 {
            1 => Layer::FrontDoor,
            2..=5 | 8 => Layer::Inside,
            6 | 7 | 10 => Layer::Delivery,
            9 => Layer::Data,
            _ => Layer::Telemetry,
        }
    }

    /// What its coverage counts, in the plural.
    pub const fn unit(self) -> &'static str {
        match self.0 {
            1 => "entry points",
            2 => "flows",
            3 | 5 => "workloads",
            4 => "grants",
            6 => "guardrails",
            7 => "images",
            8 => "containers",
            9 => "datasets",
            10 => "deployables",
            11 => "components",
            _ => "detections",
        }
    }

    /// What so many of them are called: `1 flow`, `2 flows`.
    pub fn unit_for(self, count: u32) -> &'static str {
        let many = self.unit();
        match count {
            1 => many.strip_suffix('s').unwrap_or(many),
            _ => many,
        }
    }
}

/// A layer of the diagram.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Identity at the front door.
    FrontDoor,
    /// mTLS inside.
    Inside,
    /// Data protected everywhere.
    Data,
    /// Telemetry stitched together.
    Telemetry,
    /// How code becomes what runs.
    Delivery,
}

/// A view of the diagram.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Paths from the internet to data.
    ZeroTrust,
    /// Services and flows.
    Microservices,
    /// Identities, grants and escalation.
    Iam,
}

/// How many of the entities that a pattern protects are guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Guarded entities; never more than `applicable`.
    pub guarded: u32,
    /// Entities of the kind that the pattern protects.
    pub applicable: u32,
}

impl Coverage {
    /// The status that these counts mean.
    pub const fn status(self) -> Status {
        match (self.guarded, self.applicable) {
            (_, 0) => Status::NotApplicable,
            (0, _) => Status::Missing,
            (guarded, applicable) if guarded >= applicable => Status::Met,
            _ => Status::Partial,
        }
    }
}

/// How far a pattern is met.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All guarded.
    Met,
    /// Some guarded.
    Partial,
    /// None guarded.
    Missing,
    /// Nothing to guard.
    NotApplicable,
}

impl Status {
    /// The words that output shows.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Partial => "partial",
            Self::Missing => "missing",
            Self::NotApplicable => "not applicable",
        }
    }
}
