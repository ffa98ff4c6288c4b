//! What the service is shown by whoever wants to come in.

use std::sync::LazyLock;

use exchange::ids::PartyId;
use ledger::Digest;
use web::{Access, outside};

const AUDIENCE: &str = "https://ho.example/concordat";
/// The public half of the key whose seed is 32 times 9: some seeds are signed with it.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"one","x":"_RckOFqgx1tk-3jNYC-h2ZH96_drE8WO1wLqyDXp9hg"}]}"#;

fn known() -> Option<&'static Access> {
    static KNOWN: LazyLock<Option<Access>> = LazyLock::new(|| {
        let text = format!(
            r#"
audience = "{AUDIENCE}"
[[issuer]]
name = "https://login.ho.example"
keys = "keys.json"
[sign-in]
issuer = "https://login.ho.example"
client = "node"
key = "node.key"
authorize = "https://login.ho.example/auth"
token = "https://login.ho.example/token"
certificates = []
address = "https://ho.example"
"#
        );
        let party = PartyId::parse("ho").ok()?;
        Access::read(&text, &party, |_| Ok(KEYS.to_owned())).ok()
    });
    KNOWN.as_ref()
}

/// When the seeds that are signed count, in seconds since 1970.
const NOW: i64 = 1_772_366_400;

/// An access token, or the claims of one.
pub fn token(bytes: &[u8]) {
    outside::access_claims(bytes);
    if let (Ok(text), Some(access), Ok(now)) = (
        std::str::from_utf8(bytes),
        known(),
        jiff::Timestamp::from_second(NOW),
    ) {
        let certificate = Some(Digest::of(b"fuzz"));
        outside::access_token(text, access, certificate, now);
    }
}

/// What an OpenID provider answers when a code is redeemed, with the ID token in it; or the claims of one.
pub fn sign_in(bytes: &[u8]) {
    outside::id_claims(bytes);
    if let (Some(access), Ok(now)) = (known(), jiff::Timestamp::from_second(NOW)) {
        outside::redeemed(bytes, access, now);
    }
}
