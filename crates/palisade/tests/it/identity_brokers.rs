//! A gateway in another process gets the documents of workloads that it refers to.

use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use palisade_identity::spiffe::{Bundle, Bundles, verify_x509};
use palisade_identity::{Clock as _, SpiffeId, SystemClock, TrustDomain};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use spiffe::X509Context;
use spiffe::broker_api::SecurityHeader;
use spiffe::broker_api::pb::spiffe::broker::api_client::ApiClient;
use spiffe::broker_api::pb::spiffe::broker::{
    KubernetesObjectReference, KubernetesObjectType, SubscribeToX509svidRequest,
    WorkloadPidReference, WorkloadReference,
};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Uri};
use tonic::{Code, Status};

use crate::identity_serve::{Issuing, client, own_uid, runtime, signing_key, until};
use crate::kubernetes_api::{ApiServer, UID};
use crate::system::System;

type Broker = ApiClient<InterceptedService<Channel, SecurityHeader>>;

const GATEWAY: &str = "spiffe://shop.example/gateway";

/// A process that knows nothing of identities.
struct Workload(Child);

impl Workload {
    fn start() -> Self {
        let child = Command::new("sleep").arg("600").spawn().expect("starts");
        let own = std::fs::read_link("/proc/self/exe").expect("this program");
        let path = format!("/proc/{}/exe", child.id());
        while std::fs::read_link(&path).expect("its program") == own {
            std::thread::yield_now();
        }
        Self(child)
    }

    fn reference(&self) -> WorkloadReference {
        let pid = i32::try_from(self.0.id()).expect("fits");
        WorkloadReference::from(WorkloadPidReference { pid })
    }

    fn program(&self) -> String {
        let path = std::fs::read_link(format!("/proc/{}/exe", self.0.id()));
        path.expect("its program").display().to_string()
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn entries(workload: &Workload) -> String {
    let this = std::env::current_exe().expect("this program");
    format!(
        "owner: tests
entries:
  - {{name: gateway, match: {{unix.path: '{}'}}, id: '{GATEWAY}'}}
  - {{name: sleeper, match: {{unix.path: '{}', unix.uid: '{}'}}, id: 'spiffe://shop.example/sleeper'}}
  - {{name: pod, match: {{k8s.namespace: shop, k8s.pod-label.app: web}}, id: 'spiffe://shop.example/pod'}}
",
        this.display(),
        workload.program(),
        own_uid(),
    )
}

/// Takes the endpoint when it shows this id.
#[derive(Debug)]
struct Shows {
    id: SpiffeId,
    bundles: Bundles,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Shows {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut chain = vec![leaf.as_ref()];
        chain.extend(more.iter().map(AsRef::as_ref));
        match verify_x509(&chain, &self.bundles, SystemClock.now()) {
            Ok(seen) if seen.id == self.id => Ok(ServerCertVerified::assertion()),
            other => Err(Error::General(format!("{other:?}"))),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// TLS with the documents of a caller, to an endpoint that shows this id.
fn connector(own: &X509Context, bundle: &str, endpoint: &str) -> TlsConnector {
    let svid = own.default_svid().expect("a document");
    let name = TrustDomain::new("shop.example").expect("a name");
    let read = Bundle::from_jwks(&name, bundle.as_bytes()).expect("a bundle");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let shows = Shows {
        id: endpoint.parse().expect("an id"),
        bundles: Bundles::from([(name, Arc::new(read.bundle))]),
        provider: Arc::clone(&provider),
    };
    let chain = svid.cert_chain().iter();
    let chain = chain.map(|one| CertificateDer::from(one.as_bytes().to_vec()));
    let key = PrivatePkcs8KeyDer::from(svid.private_key().as_bytes().to_vec());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(shows))
        .with_client_auth_cert(chain.collect(), PrivateKeyDer::from(key))
        .expect("a key");
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// A broker at a socket, or at an address of the network.
async fn broker(tls: TlsConnector, place: &str) -> Broker {
    let place = place.to_owned();
    let connect = move |_: Uri| {
        let (tls, place) = (tls.clone(), place.clone());
        async move {
            let name = ServerName::try_from("endpoint").expect("a name");
            let stream: Box<dyn Stream> = match place.strip_prefix("unix:") {
                Some(path) => {
                    let socket = UnixStream::connect(path).await?;
                    Box::new(tls.connect(name, socket).await?)
                }
                None => Box::new(
                    tls.connect(name, TcpStream::connect(&*place).await?)
                        .await?,
                ),
            };
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    };
    let channel = tonic::transport::Endpoint::from_static("http://endpoint")
        .connect_with_connector(tower::service_fn(connect))
        .await
        .expect("connects");
    ApiClient::with_interceptor(channel, SecurityHeader::new())
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

async fn first_id(broker: &mut Broker, reference: WorkloadReference) -> Result<String, Status> {
    let request = SubscribeToX509svidRequest {
        reference: Some(reference),
    };
    let mut stream = broker.subscribe_to_x509svid(request).await?.into_inner();
    let first = stream.message().await?.expect("documents");
    Ok(first.svids.first().expect("a document").spiffe_id.clone())
}

fn pod() -> WorkloadReference {
    WorkloadReference::from(KubernetesObjectReference {
        r#type: Some(KubernetesObjectType {
            plural: "pods".to_owned(),
            group: "core".to_owned(),
        }),
        key: None,
        uid: UID.to_owned(),
    })
}

#[test]
fn a_gateway_gets_the_identity_of_a_process_and_of_a_pod() {
    let workload = Workload::start();
    let system = System::of(&[("identity/test.yaml", &entries(&workload))]);
    let api = ApiServer::start(system.path());
    let address = format!("localhost:{}", api.port);
    let issuing = Issuing::serve(
        system,
        "state",
        &[
            "--trust-domain",
            "shop.example",
            "--socket",
            "workload.sock",
            "--broker",
            GATEWAY,
            "--broker-socket",
            "broker.sock",
            "--broker-listen",
            "127.0.0.1:0",
            "--kubernetes-node",
            "node-1",
            "--kubernetes-api",
            &address,
            "--kubernetes-account",
            "account",
        ],
    );
    let line = issuing.says("issuing for");
    let (before, _) = line.rsplit_once(" for brokers").expect("the network");
    let network = before.rsplit(' ').next().expect("an address").to_owned();
    let bundle = issuing.ask(&["bundle", "show", "shop.example"]).out;
    runtime().block_on(async {
        let own = client(&issuing.address("workload.sock")).await;
        let own = until(&own, |_| true).await;
        let tls = connector(&own, &bundle, "spiffe://shop.example/palisade/server");

        let mut near = broker(tls.clone(), &issuing.address("broker.sock")).await;
        let id = first_id(&mut near, workload.reference()).await;
        assert_eq!(id.expect("an identity"), "spiffe://shop.example/sleeper");
        let id = first_id(&mut near, pod()).await;
        assert_eq!(id.expect("an identity"), "spiffe://shop.example/pod");

        let mut far = broker(tls, &network).await;
        let id = first_id(&mut far, pod()).await;
        assert_eq!(id.expect("an identity"), "spiffe://shop.example/pod");
        let refused = first_id(&mut far, workload.reference()).await;
        let refused = refused.expect_err("a process is not of the network");
        assert_eq!(refused.code(), Code::InvalidArgument);
        let kept = issuing.ask(&["evidence"]).out;
        let asked = format!("broker.id={GATEWAY}");
        let shown = kept.lines().filter(|line| line.contains(&asked));
        assert!(shown.count() >= 2, "{kept}");
        api.remove();
        let refused = first_id(&mut far, pod()).await.expect_err("it is gone");
        assert_eq!(refused.code(), Code::NotFound, "{refused}");

        // The connection that is open ends with the proof that it began with.
        let key = signing_key(&issuing);
        assert_eq!(issuing.ask(&["taint", &key]).code, 0);
        assert_eq!(issuing.ask(&["revoke", &key]).code, 0);
        let start = Instant::now();
        while first_id(&mut near, workload.reference()).await.is_ok() {
            assert!(start.elapsed() < Duration::from_secs(20), "it goes on");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}

#[test]
fn who_is_no_broker_gets_nothing_and_an_agent_shows_itself() {
    let workload = Workload::start();
    let (server, address) = Issuing::server(
        System::of(&[("identity/test.yaml", &entries(&workload))]),
        &["--trust-domain", "shop.example"],
    );
    let who = ["--broker", "spiffe://shop.example/another"];
    let socket = ["--broker-socket", "broker.sock"];
    let agent = server.joined(&address, &[who, socket].concat());
    let bundle = server.ask(&["bundle", "show", "shop.example"]).out;
    runtime().block_on(async {
        let own = client(&agent.address("workload.sock")).await;
        let own = until(&own, |_| true).await;
        let tls = connector(&own, &bundle, "spiffe://shop.example/palisade/agent/one");
        let mut broker = broker(tls, &agent.address("broker.sock")).await;
        let refused = first_id(&mut broker, workload.reference()).await;
        let refused = refused.expect_err("no broker");
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(
            refused.message().contains("is no broker"),
            "{}",
            refused.message()
        );
    });
}

#[test]
fn brokers_without_a_place_and_places_without_pods_are_told() {
    let system = System::of(&[]);
    let cases: [(&[&str], &str); 3] = [
        (&["--broker", GATEWAY], "--broker-socket"),
        (
            &["--broker", GATEWAY, "--broker-listen", "127.0.0.1:0"],
            "--kubernetes-node",
        ),
        (&["--broker-socket", "broker.sock"], "--broker"),
    ];
    for (arguments, words) in cases {
        let mut all = vec![
            "identity", "serve", "--state", "state", "--socket", "w.sock",
        ];
        all.extend(["--trust-domain", "shop.example"]);
        all.extend(arguments);
        let run = system.run(&all);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(words), "{arguments:?}: {}", run.err);
    }
}
