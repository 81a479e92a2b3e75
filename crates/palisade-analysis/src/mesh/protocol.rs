//! Whether the proxy reads requests on a port, by Istio's rules for selecting a protocol.

use palisade_model::{Protocol, ServicePort};

/// What the proxy makes of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortProtocol {
    /// Requests: HTTP, HTTP/2, gRPC.
    Http,
    /// Connections only.
    Tcp,
    /// Nobody says; the proxy looks at the first bytes.
    Detected,
}

/// Ports where the server speaks first, so that Istio does not look at the first bytes: SMTP, DNS,
/// MySQL, MongoDB.
const SERVER_SPEAKS_FIRST: [u16; 4] = [25, 53, 3306, 27017];

/// The protocol of a port of pods, from the service ports that lead to it.
pub(crate) fn of_port(service_ports: &[&ServicePort]) -> PortProtocol {
    let said: Vec<PortProtocol> = service_ports.iter().map(|port| of_service(port)).collect();
    // Requests can arrive through any of the services; one that reads them is enough for fields
    // of requests to be enforced.
    if said.contains(&PortProtocol::Http) {
        PortProtocol::Http
    } else if said.contains(&PortProtocol::Detected) || said.is_empty() {
        PortProtocol::Detected
    } else {
        PortProtocol::Tcp
    }
}

fn of_service(port: &ServicePort) -> PortProtocol {
    if port.protocol != Protocol::Tcp {
        return PortProtocol::Tcp;
    }
    if let Some(said) = port.app_protocol.as_deref().and_then(by_app_protocol) {
        return said;
    }
    let prefix = port
        .name
        .as_deref()
        .map(|name| name.split('-').next().unwrap_or(name));
    match prefix.and_then(by_word) {
        // `grpc-web` is the one protocol with a dash; it reads requests as `grpc` does.
        Some(said) => said,
        None if SERVER_SPEAKS_FIRST.contains(&port.port.get()) => PortProtocol::Tcp,
        None => PortProtocol::Detected,
    }
}

fn by_app_protocol(text: &str) -> Option<PortProtocol> {
    match text {
        "kubernetes.io/h2c" | "kubernetes.io/ws" | "grpc-web" => Some(PortProtocol::Http),
        "kubernetes.io/wss" => Some(PortProtocol::Tcp),
        other => by_word(other),
    }
}

fn by_word(word: &str) -> Option<PortProtocol> {
    match word.to_ascii_lowercase().as_str() {
        "http" | "http2" | "grpc" | "http_proxy" => Some(PortProtocol::Http),
        "tcp" | "udp" | "tls" | "https" | "mongo" | "mysql" | "redis" | "hbone" => {
            Some(PortProtocol::Tcp)
        }
        _ => None,
    }
}
