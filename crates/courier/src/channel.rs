//! Ways by which a locked file's password travels apart from the file (SEC-06): a folder that another system takes
//! from, and mail through the relay of this machine. Neither keeps, logs or repeats the password.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use exchange::ids::PartyId;
use exchange::password::Password;
use exchange::ports::{Channel, PortFault};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use zeroize::Zeroizing;

use crate::directory::blocking;
use crate::durable::{Replace, make_folder, write};

/// What the party's people read.
fn note(file: &str, password: &Password) -> Zeroizing<String> {
    let password = password.reveal();
    Zeroizing::new(format!(
        "The password of the file\n\n    {file}\n\nis\n\n    {password}\n\nIt is for this file alone. Tell the sender if the file does not open.\n"
    ))
}

/// A folder: `<root>/<to>/<file>.txt`, readable by its owner alone. What lies there is another system's to send on and
/// to delete.
#[derive(Clone, Debug)]
pub struct FolderChannel {
    root: PathBuf,
}

impl FolderChannel {
    /// The channel under `root`, which is made when it is first used.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

#[async_trait]
impl Channel for FolderChannel {
    async fn tell(&self, to: &PartyId, file: &str, password: &Password) -> Result<(), PortFault> {
        let folder = self.root.join(to.as_str());
        let path = folder.join(format!("{file}.txt"));
        let text = note(file, password);
        blocking(move || {
            let failed = |e: std::io::Error| {
                let folder = folder.display();
                PortFault(format!(
                    "the password was not put into {folder}: {e}; check the folder and its permissions"
                ))
            };
            make_folder(&folder).map_err(failed)?;
            write(&path, text.as_bytes(), 0o600, Replace::Yes).map_err(failed)
        })
        .await
    }
}

/// Mail through a relay on this machine, which has the connection to other mail systems, their certificates and any
/// login: this program has none of them.
#[derive(Clone, Debug)]
pub struct MailChannel {
    relay: SocketAddr,
    from: Mailbox,
    to: BTreeMap<PartyId, Mailbox>,
}

/// How long the relay may take.
const PATIENCE: Duration = Duration::from_secs(60);

impl MailChannel {
    /// Mail from `from`, for each party to its address, by the relay at `relay`.
    ///
    /// # Errors
    /// [`PortFault`] where the relay is not on this machine, or an address is none.
    pub fn new(
        relay: SocketAddr,
        from: &str,
        to: &BTreeMap<PartyId, String>,
    ) -> Result<Self, PortFault> {
        let here = match relay.ip() {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        };
        if !here {
            let what = "the mail relay of a password must be on this machine, such as 127.0.0.1:25: the connection to it is not encrypted";
            return Err(PortFault(what.into()));
        }
        let address = |text: &str| {
            text.parse::<Mailbox>()
                .map_err(|_| PortFault(format!("{text} is no mail address: correct [channels]")))
        };
        let to = to
            .iter()
            .map(|(party, text)| Ok((party.clone(), address(text)?)))
            .collect::<Result<_, PortFault>>()?;
        Ok(Self {
            relay,
            from: address(from)?,
            to,
        })
    }
}

#[async_trait]
impl Channel for MailChannel {
    async fn tell(&self, to: &PartyId, file: &str, password: &Password) -> Result<(), PortFault> {
        let to = self.to.get(to).ok_or_else(|| {
            PortFault(format!(
                "no mail address of {to} is set for the password: add it to [channels]"
            ))
        })?;
        // What the relay answers could repeat the mail: it is told by its kind alone.
        let failed = |what: &str| PortFault(format!("the password was not mailed: {what}"));
        let mail = Message::builder()
            .from(self.from.clone())
            .to(to.clone())
            .subject(format!("Password of {file}"))
            .header(ContentType::TEXT_PLAIN)
            .body(note(file, password).to_string())
            .map_err(|_| failed("the mail could not be built"))?;
        let relay =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.relay.ip().to_string())
                .port(self.relay.port())
                .timeout(Some(PATIENCE))
                .build();
        relay.send(mail).await.map(|_| ()).map_err(|e| {
            failed(if e.is_permanent() {
                "the relay refuses it; check the addresses in [channels]"
            } else {
                "the relay did not take it; check that it runs, and lock the file anew"
            })
        })
    }
}
