//! Says in a form for programs what is wrong with a reference.
//!
//! Source: SPIFFE Broker API, section 4.8.

use prost::Message as _;
use prost_types::Any;
use tonic::{Code, Status};

use crate::endpoint::proto::google::rpc;

/// An error about a reference, with the reason that the standard names for its code.
pub(super) fn explained(status: Status) -> Status {
    let reason = match status.code() {
        Code::InvalidArgument => "WORKLOAD_REFERENCE_INVALID",
        Code::NotFound => "WORKLOAD_NOT_FOUND",
        Code::PermissionDenied => "WORKLOAD_NOT_ENTITLED",
        _ => return status,
    };
    let info = rpc::ErrorInfo {
        reason: reason.to_owned(),
        domain: "spiffe.io".to_owned(),
        ..rpc::ErrorInfo::default()
    };
    let whole = rpc::Status {
        code: i32::from(status.code()),
        message: status.message().to_owned(),
        details: vec![Any {
            type_url: "type.googleapis.com/google.rpc.ErrorInfo".to_owned(),
            value: info.encode_to_vec(),
        }],
    };
    let details = whole.encode_to_vec().into();
    Status::with_details(status.code(), status.message(), details)
}
