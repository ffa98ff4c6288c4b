//! Whom a TLS connection is with: the server's own certificate, or one that issued it, is one of the pinned. No list
//! of public authorities is asked.

use std::net::SocketAddr;
use std::sync::Arc;

use exchange::ports::PortFault;
use hyper::Uri;
use hyper::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use ledger::Digest;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WantsClientCert, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::awaited;
use super::egress::Egress;

/// A client that believes a server by these pins: SHA-256 of certificates in their DER form. Whether it shows a
/// certificate of its own, its user says.
pub(super) fn client(
    pins: &[Digest],
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, PortFault> {
    let provider = Arc::new(ring::default_provider());
    let pinned = Pinned {
        pins: pins.to_vec(),
        provider: provider.clone(),
    };
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| PortFault(e.to_string()))?;
    Ok(client
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned)))
}

/// A connection to the server of an `https` address that the egress list has, and that address, taken apart.
pub(super) async fn open<B>(
    url: &str,
    tls: &TlsConnector,
    egress: &Egress,
) -> Result<(SendRequest<B>, Uri), String>
where
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    B::Data: Send,
{
    let uri: Uri = url.parse().map_err(|_| "this is no address".to_owned())?;
    let host = uri.host().filter(|_| uri.scheme_str() == Some("https"));
    let host = host.ok_or("the address does not begin with https://")?;
    let bare = host.trim_matches(['[', ']']).to_owned();
    let addresses = egress.addresses(&bare, uri.port_u16().unwrap_or(443));
    let addresses = addresses.await.map_err(|e| e.to_string())?;
    Ok((connect(tls, bare, &addresses).await?, uri))
}

/// A connection to the server of this name, at one of these addresses.
pub(super) async fn connect<B>(
    tls: &TlsConnector,
    host: String,
    addresses: &[SocketAddr],
) -> Result<SendRequest<B>, String>
where
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    B::Data: Send,
{
    let stream = awaited(TcpStream::connect(addresses)).await?;
    let name = ServerName::try_from(host).map_err(|e| e.to_string())?;
    let stream = TokioIo::new(awaited(tls.connect(name, stream)).await?);
    let (sender, connection) = awaited(http1::handshake(stream)).await?;
    // It ends with the sender, or with what it tells the request.
    tokio::spawn(connection);
    Ok(sender)
}

#[derive(Debug)]
struct Pinned {
    pins: Vec<Digest>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        self.pins.contains(&Digest::of(certificate))
    }
}

impl ServerCertVerifier for Pinned {
    /// A pinned certificate of the server itself is believed as it is, whatever its name and dates: people compared it.
    /// Below a pinned issuer, names, dates and signatures must be right.
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.is_pinned(own) {
            return Ok(ServerCertVerified::assertion());
        }
        let Some(issuer) = others.iter().find(|c| self.is_pinned(c)) else {
            return Err(Error::General(
                "the server's certificate is not the pinned one: somebody else answers, or it was renewed; compare it with whoever runs the server, by another channel".into(),
            ));
        };
        let mut roots = RootCertStore::empty();
        roots.add(issuer.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|e| Error::General(e.to_string()))?
            .verify_server_cert(own, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let all = &self.provider.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, own, signed, all)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let all = &self.provider.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, own, signed, all)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
