//! Validation of X509-SVIDs, rule by rule, on certificates that break one rule each.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use palisade_identity::authority::{SignError, X509Request};
use palisade_identity::spiffe::{Bundle, Bundles, X509Error, X509Identity, verify_x509};
use palisade_identity::{Clock as _, TrustDomain};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::made::{authority, bundles, domain, id, start};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().expect("ASCII"))
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.subject_alt_names = vec![uri("spiffe://example.org")];
    params
}

fn root(params: CertificateParams) -> Issuer {
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a certificate")
}

fn leaf_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.subject_alt_names = vec![uri("spiffe://example.org/web")];
    params
}

fn signed(params: &CertificateParams, issuer: &Issuer) -> Vec<u8> {
    let key = KeyPair::generate().expect("a key");
    params
        .signed_by(&key, issuer)
        .expect("a certificate")
        .der()
        .to_vec()
}

fn trusting(domain: &TrustDomain, roots: &[&Issuer]) -> Bundles {
    let mut bundle = Bundle::empty(domain.clone());
    bundle.x509_authorities = roots
        .iter()
        .map(|root| root.der().as_ref().into())
        .collect();
    Bundles::from([(domain.clone(), Arc::new(bundle))])
}

fn checked(params: &CertificateParams) -> Result<X509Identity, X509Error> {
    let root = root(authority_params("root"));
    verify_x509(
        &[signed(params, &root)],
        &trusting(&domain(), &[&root]),
        start(),
    )
}

#[test]
fn a_leaf_that_keeps_the_rules_is_accepted() {
    assert_eq!(
        checked(&leaf_params()).expect("valid").id,
        id("spiffe://example.org/web")
    );
    let mut others = leaf_params();
    others.subject_alt_names.push(SanType::DnsName(
        "web.example.org".try_into().expect("a name"),
    ));
    others.extended_key_usages.clear();
    others.key_usages.push(KeyUsagePurpose::KeyAgreement);
    checked(&others).expect("other names, no extended usage, key agreement");
}

#[test]
fn a_leaf_has_exactly_one_uri() {
    let mut params = leaf_params();
    params
        .subject_alt_names
        .push(uri("spiffe://example.org/other"));
    assert_eq!(checked(&params), Err(X509Error::Uris(2)));
    params.subject_alt_names = vec![uri("spiffe://example.org/a"), uri("https://example.org")];
    assert_eq!(checked(&params), Err(X509Error::Uris(2)));
    params.subject_alt_names = vec![SanType::DnsName("a.b".try_into().expect("a name"))];
    assert_eq!(checked(&params), Err(X509Error::Uris(0)));
}

#[test]
fn the_uri_is_a_spiffe_id_with_a_path() {
    let mut params = leaf_params();
    params.subject_alt_names = vec![uri("https://example.org/web")];
    assert!(matches!(checked(&params), Err(X509Error::Id(_))));
    params.subject_alt_names = vec![uri("spiffe://example.org")];
    assert_eq!(checked(&params), Err(X509Error::NoPath));
}

#[test]
fn a_signing_certificate_identifies_nobody() {
    let mut params = leaf_params();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(checked(&params), Err(X509Error::Authority));
    for usage in [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign] {
        let mut params = leaf_params();
        params.key_usages.push(usage);
        assert!(matches!(checked(&params), Err(X509Error::Usage(_))));
    }
}

#[test]
fn key_usages_are_those_of_a_leaf() {
    let mut missing = leaf_params();
    missing.key_usages.clear();
    let mut other = leaf_params();
    other.key_usages = vec![KeyUsagePurpose::KeyAgreement];
    let mut half = leaf_params();
    half.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let mut mild = leaf_params();
    mild.key_usages.clear();
    // digitalSignature as a bit string, in an extension that is not critical.
    let content = vec![3, 2, 7, 128];
    mild.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 15], content)];
    for params in [missing, other, half, mild] {
        assert!(matches!(checked(&params), Err(X509Error::Usage(_))));
    }
}

#[test]
fn time_is_that_of_the_reader() {
    let mut params = leaf_params();
    params.not_before = rcgen::date_time_ymd(2026, 4, 1);
    assert!(matches!(checked(&params), Err(X509Error::Time { .. })));
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 2, 1);
    assert!(matches!(checked(&params), Err(X509Error::Time { .. })));
}

#[test]
fn only_the_bundle_of_the_own_trust_domain_proves() {
    let (one, two) = (root(authority_params("one")), root(authority_params("two")));
    let other = TrustDomain::new("other.org").expect("a name");
    let leaf = [signed(&leaf_params(), &two)];
    let mut known = trusting(&domain(), &[&one]);
    known.extend(trusting(&other, &[&two]));
    let refused = verify_x509(&leaf, &known, start());
    assert!(
        matches!(refused, Err(X509Error::Path { .. })),
        "signed by another trust domain"
    );
    let refused = verify_x509(&leaf, &trusting(&other, &[&two]), start());
    assert_eq!(refused, Err(X509Error::NoBundle(domain())));
    let nothing = verify_x509(&leaf, &trusting(&domain(), &[]), start());
    assert!(
        matches!(nothing, Err(X509Error::Path { .. })),
        "an empty bundle proves nothing"
    );
}

#[test]
fn an_authority_that_ended_proves_nothing() {
    let mut params = authority_params("root");
    params.not_after = rcgen::date_time_ymd(2026, 2, 1);
    let root = root(params);
    let refused = verify_x509(
        &[signed(&leaf_params(), &root)],
        &trusting(&domain(), &[&root]),
        start(),
    );
    assert!(matches!(refused, Err(X509Error::Path { .. })));
}

fn through(intermediate: CertificateParams) -> Result<X509Identity, X509Error> {
    let top = root(authority_params("root"));
    let key = KeyPair::generate().expect("a key");
    let middle = CertifiedIssuer::signed_by(intermediate, key, &top).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let leaf = leaf_params()
        .signed_by(&key, &middle)
        .expect("a certificate");
    let chain = [leaf.der().to_vec(), middle.der().to_vec()];
    verify_x509(&chain, &trusting(&domain(), &[&top]), start())
}

#[test]
fn intermediates_are_authorities() {
    through(authority_params("middle")).expect("valid");
    let mut no_authority = authority_params("middle");
    no_authority.is_ca = IsCa::ExplicitNoCa;
    let mut no_signing = authority_params("middle");
    no_signing.key_usages = vec![KeyUsagePurpose::CrlSign];
    let mut no_usage = authority_params("middle");
    no_usage.key_usages.clear();
    for params in [no_authority, no_signing, no_usage] {
        assert!(matches!(through(params), Err(X509Error::Usage(_))));
    }
    let mut with_path = authority_params("middle");
    with_path.subject_alt_names = vec![uri("spiffe://example.org/authority")];
    assert_eq!(through(with_path), Err(X509Error::AuthorityPath));
}

#[test]
fn the_path_follows_rfc_5280() {
    let mut ended = authority_params("middle");
    ended.not_after = rcgen::date_time_ymd(2026, 2, 1);
    assert!(
        matches!(through(ended), Err(X509Error::Path { .. })),
        "an intermediate ended"
    );

    let mut elsewhere = authority_params("middle");
    elsewhere.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("other.org".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    through(elsewhere).expect("a constraint on names that the leaf has none of");

    let top = root(authority_params("root"));
    let impostor = root(authority_params("root"));
    let forged = [signed(&leaf_params(), &impostor)];
    let refused = verify_x509(&forged, &trusting(&domain(), &[&top]), start());
    assert!(
        matches!(refused, Err(X509Error::Path { .. })),
        "same name, another key"
    );

    let mut unknown = leaf_params();
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999], vec![5, 0]);
    extension.set_criticality(true);
    unknown.custom_extensions = vec![extension];
    assert!(
        matches!(checked(&unknown), Err(X509Error::Path { .. })),
        "critical and unknown"
    );
}

/// Nobody here can tell whether an id is inside a constraint on URIs, so none is taken for inside.
#[test]
fn constraints_on_uris_let_nothing_pass() {
    let name = b"example.org";
    let mut base = vec![0x86, 11];
    base.extend_from_slice(name);
    let subtree = [&[0x30, 13][..], &base].concat();
    let permitted = [&[0xa0, 15][..], &subtree].concat();
    let content = [&[0x30, 17][..], &permitted].concat();
    let mut constraint = CustomExtension::from_oid_content(&[2, 5, 29, 30], content);
    constraint.set_criticality(true);
    let mut params = authority_params("middle");
    params.custom_extensions = vec![constraint];
    assert!(matches!(through(params), Err(X509Error::Path { .. })));
}

#[test]
fn chains_are_bounded_and_whole() {
    let none: [Vec<u8>; 0] = [];
    assert_eq!(
        verify_x509(&none, &Bundles::new(), start()),
        Err(X509Error::Size)
    );
    let many = vec![vec![0_u8]; 9];
    assert_eq!(
        verify_x509(&many, &Bundles::new(), start()),
        Err(X509Error::Size)
    );
    let large = [vec![0_u8; 65 * 1024]];
    assert_eq!(
        verify_x509(&large, &Bundles::new(), start()),
        Err(X509Error::Size)
    );
    let root = root(authority_params("root"));
    let mut leaf = signed(&leaf_params(), &root);
    leaf.push(0);
    let known = trusting(&domain(), &[&root]);
    assert_eq!(
        verify_x509(&[&leaf], &known, start()),
        Err(X509Error::Unread(0))
    );
    leaf.truncate(leaf.len() / 2);
    assert_eq!(
        verify_x509(&[&leaf], &known, start()),
        Err(X509Error::Unread(0))
    );
}

#[tokio::test]
async fn what_is_signed_keeps_the_rules() {
    let (authority, clock) = authority().await;
    let web = id("spiffe://example.org/web");
    let mut request = X509Request::new(&web);
    let names = ["web.example.org".to_owned()];
    request.dns_names = &names;
    let signed = authority.sign_x509(&request).expect("a document").document;
    let (_, leaf) = X509Certificate::from_der(&signed.chain[0]).expect("reads");
    assert!(
        leaf.subject().iter_attributes().next().is_none(),
        "no subject"
    );
    let san = leaf
        .subject_alternative_name()
        .expect("reads")
        .expect("there");
    assert!(san.critical, "names are critical where there is no subject");
    assert_eq!(san.value.general_names.len(), 2);
    let usage = leaf.key_usage().expect("reads").expect("there");
    assert!(usage.critical && usage.value.digital_signature());
    assert!(!usage.value.key_cert_sign() && !usage.value.crl_sign());
    let extended = leaf.extended_key_usage().expect("reads").expect("there");
    assert!(extended.value.client_auth && extended.value.server_auth);
    let constraints = leaf.basic_constraints().expect("reads").expect("there");
    assert!(!constraints.value.ca);
    assert_eq!(signed.chain.len(), 1, "the root is not sent");

    let bundle = Arc::clone(&bundles(&authority)[&domain()]);
    let (_, root) = X509Certificate::from_der(&bundle.x509_authorities[0]).expect("reads");
    let usage = root.key_usage().expect("reads").expect("there");
    assert!(usage.critical && usage.value.key_cert_sign());
    assert!(
        root.basic_constraints()
            .expect("reads")
            .expect("there")
            .value
            .ca
    );
    let san = root
        .subject_alternative_name()
        .expect("reads")
        .expect("there");
    let own = x509_parser::extensions::GeneralName::URI("spiffe://example.org");
    assert_eq!(
        san.value.general_names,
        [own],
        "an authority has the id of the trust domain"
    );
    assert!(
        Timestamp::from_second(root.validity().not_after.timestamp()).expect("a time")
            > clock.now() + SignedDuration::from_hours(23)
    );
}

#[tokio::test]
async fn nothing_else_is_signed() {
    let (authority, _) = authority().await;
    let refused = |request: &X509Request<'_>| {
        let error = authority.sign_x509(request).expect_err("refused");
        assert!(matches!(error, SignError::Request(_)), "{error}");
    };
    refused(&X509Request::new(&id("spiffe://other.org/web")));
    refused(&X509Request::new(&id("spiffe://example.org")));
    let web = id("spiffe://example.org/web");
    for name in [
        "",
        "a b",
        "-a.org",
        "a..b",
        "*.*.org",
        "ä.org",
        "https://a.org",
    ] {
        let names = [name.to_owned()];
        let mut request = X509Request::new(&web);
        request.dns_names = &names;
        refused(&request);
    }
    let mut request = X509Request::new(&web);
    request.lifetime = Some(SignedDuration::ZERO);
    refused(&request);
}

#[tokio::test]
async fn a_signing_request_gives_its_key_and_nothing_else() {
    let (authority, clock) = authority().await;
    let key = KeyPair::generate().expect("a key");
    let mut asked = leaf_params();
    asked.subject_alt_names = vec![uri("spiffe://example.org/admin")];
    asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let csr = asked
        .serialize_request(&key)
        .expect("a request")
        .der()
        .to_vec();
    let web = id("spiffe://example.org/web");
    let signed = authority
        .sign_csr(&csr, &X509Request::new(&web))
        .expect("signed")
        .document;
    let seen = verify_x509(&signed.chain, &bundles(&authority), clock.now()).expect("valid");
    assert_eq!(seen.id, web);
    let (_, leaf) = X509Certificate::from_der(&signed.chain[0]).expect("reads");
    assert_eq!(
        leaf.public_key().raw,
        rcgen::PublicKeyData::subject_public_key_info(&key)
    );

    let mut forged = csr.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let mut longer = csr.clone();
    longer.push(0);
    for wrong in [&forged[..], &csr[..20], &longer, &[], &vec![48; 20_000]] {
        let error = authority
            .sign_csr(wrong, &X509Request::new(&web))
            .expect_err("refused");
        assert!(matches!(error, SignError::Request(_)), "{error}");
    }
    let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let csr = leaf_params()
        .serialize_request(&ed25519)
        .expect("a request")
        .der()
        .to_vec();
    authority
        .sign_csr(&csr, &X509Request::new(&web))
        .expect_err("no key that TLS peers know");
}

#[tokio::test]
async fn no_document_outlives_its_authority() {
    let (authority, clock) = authority().await;
    clock.turn(SignedDuration::from_hours(10));
    let web = id("spiffe://example.org/web");
    let mut request = X509Request::new(&web);
    request.lifetime = Some(SignedDuration::from_hours(48));
    let signed = authority.sign_x509(&request).expect("a document").document;
    assert_eq!(signed.not_after, start() + SignedDuration::from_hours(24));
}
