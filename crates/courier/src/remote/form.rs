//! A form that is posted to a server of this party's own network, such as the token endpoint of an identity provider: it
//! is on the egress list, and known by its pin.

use std::sync::Arc;
use std::time::Duration;

use exchange::ports::PortFault;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use ledger::Digest;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::calls::read;
use super::egress::Egress;
use super::pin;

/// After so long nobody waits for an answer any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts a form (`application/x-www-form-urlencoded`) to this `https` address, and gives the answer, at most 64 KiB of
/// JSON; none where the server says no to what it was asked.
///
/// # Errors
/// [`PortFault`] where the place is not on the egress list (SEC-01), the server is not the pinned one, does not answer in
/// time, or does not work. What was sent and what came back is not in its text.
pub async fn post_form(
    url: &str,
    pins: &[Digest],
    egress: &Egress,
    form: String,
) -> Result<Option<Zeroizing<Vec<u8>>>, PortFault> {
    let posted = tokio::time::timeout(PATIENCE, posted(url, pins, egress, form));
    let late = |_| Err("it did not answer in time".to_owned());
    let answer = posted.await.unwrap_or_else(late);
    answer.map_err(|why| PortFault(format!("{url}: {why}")))
}

async fn posted(
    url: &str,
    pins: &[Digest],
    egress: &Egress,
    form: String,
) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    let tls = pin::client(pins).map_err(|e| e.to_string())?;
    let tls = TlsConnector::from(Arc::new(tls.with_no_client_auth()));
    let (mut sender, uri) = pin::open::<Full<Bytes>>(url, &tls, egress).await?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map(|a| a.as_str()).unwrap_or_default();
    // The copy that is sent is wiped when it is let go of.
    let body = Bytes::from_owner(Zeroizing::new(form.into_bytes()));
    let request = Request::post(path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(Full::new(body));
    let request = request.map_err(|_| "it cannot be asked".to_owned())?;
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(|_| "it broke the connection".to_owned())?;
    match answer.status() {
        StatusCode::OK => {
            let bytes = read(answer.into_body()).await;
            let bytes = bytes.map_err(|_| "its answer is too long, or broke off".to_owned())?;
            Ok(Some(bytes))
        }
        status if status.is_client_error() => Ok(None),
        status => Err(format!("it answered {}", status.as_u16())),
    }
}
