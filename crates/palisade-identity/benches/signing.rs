//! How near signing of identities is to the bare cryptography: `cargo xtask bench signing`.
//!
//! Both run on this one thread, in turns, so that whatever else the machine does is felt by both.
//! Bare is a loop over `rcgen` and `aws-lc-rs`: a P-256 key, a certificate with the same extensions
//! and the signature; for tokens the signature alone.

use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use palisade_identity::SystemClock;
use palisade_identity::authority::{
    Authority, JwtRequest, Keys, Kind, MemoryKeys, Settings, X509Request,
};
use palisade_identity::spiffe::{SpiffeId, TrustDomain};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};

/// The least share of the bare speed.
const LEAST: f64 = 0.70;
/// How long one turn takes.
const TURN: Duration = Duration::from_millis(500);
const TURNS: usize = 8;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut settings = Settings::new(TrustDomain::new("example.org")?);
    settings.kinds = vec![Kind::X509, Kind::Es256];
    let keys: Arc<dyn Keys> = Arc::new(MemoryKeys::default());
    let opened = Authority::open(settings, keys, None, Arc::new(SystemClock));
    let authority = runtime.block_on(opened)?;
    let id: SpiffeId = "spiffe://example.org/ns/shop/sa/web".parse()?;
    let audiences = ["db".to_owned()];

    let request = X509Request::new(&id);
    let mut ours = || -> Outcome<()> {
        black_box(authority.sign_x509(&request)?);
        Ok(())
    };
    let issuer = issuer()?;
    let mut bare = || -> Outcome<()> {
        let key = KeyPair::generate()?;
        let certificate = leaf(id.as_str())?.signed_by(&key, &issuer)?;
        black_box((certificate, key.serialize_der()));
        Ok(())
    };
    let x509 = compare(
        "X509-SVID: key, certificate, signature",
        &mut ours,
        &mut bare,
    )?;

    let request = JwtRequest::new(&id, &audiences);
    let length = authority.sign_jwt(&request)?.document.token.len();
    let mut ours = || -> Outcome<()> {
        black_box(authority.sign_jwt(&request)?);
        Ok(())
    };
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let message = vec![b'a'; length];
    let mut bare = || -> Outcome<()> {
        black_box(key.sign(&SystemRandom::new(), &message)?);
        Ok(())
    };
    let jwt = compare("JWT-SVID: ES256", &mut ours, &mut bare)?;
    if x509 < LEAST || jwt < LEAST {
        return Err(format!("less than {LEAST} of the bare speed").into());
    }
    Ok(())
}

/// The median over all turns of our speed as a share of the bare one.
fn compare(
    what: &str,
    ours: &mut dyn FnMut() -> Outcome<()>,
    bare: &mut dyn FnMut() -> Outcome<()>,
) -> Outcome<f64> {
    let mut shares = Vec::new();
    let (mut best_ours, mut best_bare) = (0.0_f64, 0.0_f64);
    for _ in 0..TURNS {
        let (left, right) = (speed(ours)?, speed(bare)?);
        best_ours = best_ours.max(left);
        best_bare = best_bare.max(right);
        shares.push(left / right);
    }
    shares.sort_by(f64::total_cmp);
    let share = shares.get(TURNS / 2).copied().unwrap_or_default();
    writeln!(
        std::io::stdout(),
        "{what}: {best_ours:.0}/s, bare {best_bare:.0}/s, ratio {share:.2}"
    )?;
    Ok(share)
}

/// Calls in a second.
fn speed(work: &mut dyn FnMut() -> Outcome<()>) -> Outcome<f64> {
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < TURN {
        work()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

fn issuer() -> Outcome<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn leaf(id: &str) -> Outcome<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 1, 2);
    params.subject_alt_names = vec![SanType::URI(id.try_into()?)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    Ok(params)
}
