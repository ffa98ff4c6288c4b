//! An SFTP server, through OpenSSH's own `ssh` program: it does the cryptography and knows the server by the host
//! keys of the settings and by nothing else. No file of the user's or the machine's ssh settings is read.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use async_trait::async_trait;
use exchange::ports::{Parts, PortFault};
use futures_util::StreamExt;
use openssh_sftp_client::error::SftpErrorKind;
use openssh_sftp_client::{Error, Sftp as Client, SftpOptions};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::process::{Child, Command};

use super::egress::Egress;
use super::{Server, Session, Take, awaited};
use crate::{keys, limits};

/// The name under which ssh finds the pinned keys, whatever the address.
const ALIAS: &str = "pinned";
/// How much is asked for at once, in bytes.
const PIECE: u32 = 128 << 10;
/// How much of what ssh says is told.
const SAID: usize = 300;

/// Where and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SftpPlace {
    /// The server.
    pub host: String,
    /// Its port.
    #[serde(default = "ssh_port")]
    pub port: u16,
    /// As whom.
    pub user: String,
    /// The file of the private key, which its owner alone may read.
    pub key: PathBuf,
    /// The server's public keys, as `ssh-keyscan` prints them without the host: `ssh-ed25519 AAAA...`.
    pub host_keys: Vec<String>,
    /// The folder in which each party has its own.
    pub folder: String,
}

fn ssh_port() -> u16 {
    22
}

pub(crate) struct Sftp {
    place: SftpPlace,
    egress: Egress,
}

impl Sftp {
    pub(crate) fn new(place: SftpPlace, egress: Egress) -> Self {
        Self { place, egress }
    }

    fn fault(&self, what: &str, why: &str) -> PortFault {
        let SftpPlace { host, port, .. } = &self.place;
        PortFault(format!("{what} at {host} port {port} failed: {why}"))
    }

    /// The pinned keys as a file of known hosts.
    fn known_hosts(&self) -> Result<NamedTempFile, PortFault> {
        let plain = |key: &String| {
            let words: Vec<&str> = key.split(' ').collect();
            words.len() == 2
                && words.iter().all(|w| {
                    !w.is_empty()
                        && w.bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"+/=-@.".contains(&b))
                })
        };
        let keys = &self.place.host_keys;
        if keys.is_empty() || !keys.iter().all(plain) {
            return Err(self.fault(
                "the connection",
                "its `host-keys` must be public keys such as `ssh-ed25519 AAAA...`: take them from whoever runs the server, by another channel",
            ));
        }
        let failed = |e: std::io::Error| self.fault("the connection", &e.to_string());
        let mut file = NamedTempFile::new().map_err(failed)?;
        for key in keys {
            writeln!(file, "{ALIAS} {key}").map_err(failed)?;
        }
        Ok(file)
    }

    fn command(&self, address: &str, known: &NamedTempFile) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-a", "-x", "-T", "-p"])
            .arg(self.place.port.to_string())
            .arg("-l")
            .arg(&self.place.user)
            .arg("-i")
            .arg(&self.place.key);
        let known = known.path().display();
        for option in [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            &format!("UserKnownHostsFile={known}"),
            "GlobalKnownHostsFile=none",
            &format!("HostKeyAlias={ALIAS}"),
            "UpdateHostKeys=no",
            "VerifyHostKeyDNS=no",
            "CheckHostIP=no",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "PreferredAuthentications=publickey",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "ControlMaster=no",
            "ControlPath=none",
            "ConnectTimeout=30",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=3",
            "LogLevel=ERROR",
        ] {
            ssh.arg("-o").arg(option);
        }
        ssh.args(["-s", "--", address, "sftp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        ssh
    }

    async fn connected(&self, address: &str) -> Result<SftpSession, PortFault> {
        let what = "the connection";
        let known = self.known_hosts()?;
        let mut ssh = self.command(address, &known).spawn().map_err(|e| {
            let why = format!("the program ssh was not started: {e}; install OpenSSH's client");
            self.fault(what, &why)
        })?;
        let (Some(stdin), Some(stdout)) = (ssh.stdin.take(), ssh.stdout.take()) else {
            return Err(self.fault(what, "the program ssh has no input and output"));
        };
        match awaited(Client::new(stdin, stdout, SftpOptions::new())).await {
            Ok(client) => Ok(SftpSession {
                client,
                folder: self.place.folder.trim_end_matches('/').to_owned(),
                at: format!("{} port {}", self.place.host, self.place.port),
                _ssh: ssh,
                _known: known,
            }),
            Err(e) => {
                let said = said(&mut ssh).await;
                Err(self.fault(what, if said.is_empty() { &e } else { &said }))
            }
        }
    }
}

/// The last that ssh said, as plain text.
async fn said(ssh: &mut Child) -> String {
    let mut bytes = Vec::new();
    if let Some(stderr) = ssh.stderr.take() {
        let mut few = stderr.take(16 << 10);
        let _ = awaited(few.read_to_end(&mut bytes)).await;
    }
    let text = String::from_utf8_lossy(&bytes);
    let plain: String = text
        .chars()
        .map(|c| if c.is_ascii_graphic() { c } else { ' ' })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let text = words.join(" ");
    text.chars()
        .skip(text.chars().count().saturating_sub(SAID))
        .collect()
}

#[async_trait]
impl Server for Sftp {
    async fn session(&self) -> Result<Box<dyn Session>, PortFault> {
        let SftpPlace { host, port, .. } = &self.place;
        keys::read(&self.place.key).map_err(|e| PortFault(e.to_string()))?;
        let mut last = None;
        for address in self.egress.addresses(host, *port).await? {
            match self.connected(&address.ip().to_string()).await {
                Ok(session) => return Ok(Box::new(session)),
                Err(fault) => last = Some(fault),
            }
        }
        Err(last.unwrap_or_else(|| self.fault("the connection", "it has no address")))
    }
}

struct SftpSession {
    client: Client,
    folder: String,
    at: String,
    // They live as long as the session.
    _ssh: Child,
    _known: NamedTempFile,
}

impl SftpSession {
    fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("{}/{path}", self.folder))
    }

    fn fault(&self, what: &str, path: &str, why: &str) -> PortFault {
        PortFault(format!(
            "{what} {path} at {} failed: {why}; what is there already stays, and it is tried again",
            self.at
        ))
    }
}

/// None for what is not there.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::SftpError(SftpErrorKind::NoSuchFile, _)) => Ok(None),
        Err(e) => Err(e),
    }
}

#[async_trait]
impl Session for SftpSession {
    fn resumes(&self) -> bool {
        true
    }

    async fn make_folder(&mut self, folder: &str) -> Result<(), PortFault> {
        let path = self.path(folder);
        let mut fs = self.client.fs();
        let stands = awaited(async { found(fs.metadata(&path).await) }).await;
        let failed = |e: String| self.fault("making the folder", folder, &e);
        if stands.map_err(failed)?.is_some() {
            return Ok(());
        }
        match awaited(fs.create_dir(&path)).await {
            Ok(()) => Ok(()),
            // Somebody else may have made it in between.
            Err(_) if awaited(fs.metadata(&path)).await.is_ok() => Ok(()),
            Err(e) => Err(failed(e)),
        }
    }

    async fn names(&mut self, folder: &str) -> Result<Vec<String>, PortFault> {
        let failed = |e: String| self.fault("listing", folder, &e);
        let mut fs = self.client.fs();
        let path = self.path(folder);
        let opened = awaited(async { found(fs.open_dir(path).await) }).await;
        let Some(dir) = opened.map_err(failed)? else {
            return Ok(Vec::new());
        };
        let mut entries = Box::pin(dir.read_dir());
        let mut names = Vec::new();
        while let Some(entry) = awaited(async { entries.next().await.transpose() })
            .await
            .map_err(failed)?
        {
            let name = entry.filename().to_str();
            let file = entry.file_type().is_some_and(|kind| kind.is_file());
            names.extend(name.filter(|_| file).map(str::to_owned));
            if names.len() > limits::NAMES {
                return Err(failed("it has too many files".into()));
            }
        }
        Ok(names)
    }

    async fn length(&mut self, path: &str) -> Result<Option<u64>, PortFault> {
        let mut fs = self.client.fs();
        let whole = self.path(path);
        let there = awaited(async { found(fs.metadata(whole).await) }).await;
        let there = there.map_err(|e| self.fault("looking for", path, &e))?;
        Ok(there.map(|m| m.len().unwrap_or(0)))
    }

    async fn read(&mut self, path: &str, from: u64, take: Take<'_>) -> Result<bool, PortFault> {
        let Some(length) = self.length(path).await? else {
            return Ok(false);
        };
        let failed = |e: String| self.fault("reading", path, &e);
        let mut options = self.client.options();
        let opened = awaited(options.read(true).open(self.path(path))).await;
        let mut file = opened.map_err(failed)?;
        let mut at = from;
        while at < length {
            let piece = length.saturating_sub(at).min(u64::from(PIECE));
            let piece = u32::try_from(piece).unwrap_or(PIECE);
            // The client counts what was asked for, not what came: each piece says where it begins.
            let read = async {
                file.seek(std::io::SeekFrom::Start(at)).await?;
                file.read(piece, Default::default()).await
            };
            let Some(bytes) = awaited(read).await.map_err(failed)? else {
                return Err(failed("it became shorter while it was read".into()));
            };
            take(&bytes)?;
            at += bytes.len() as u64;
        }
        awaited(file.close()).await.map_err(failed)?;
        Ok(true)
    }

    async fn write(
        &mut self,
        path: &str,
        from: u64,
        bytes: &mut dyn Parts,
    ) -> Result<(), PortFault> {
        let failed = |e: String| self.fault("writing", path, &e);
        let mut options = self.client.options();
        let options = options.write(true).create(true).truncate(from == 0);
        let mut file = awaited(options.open(self.path(path)))
            .await
            .map_err(failed)?;
        awaited(file.seek(std::io::SeekFrom::Start(from)))
            .await
            .map_err(failed)?;
        while let Some(part) = bytes.next().await? {
            let mut rest = part.as_slice();
            while !rest.is_empty() {
                let n = awaited(file.write(rest)).await.map_err(failed)?;
                rest = rest.get(n..).unwrap_or_default();
            }
        }
        if self.client.support_fsync() {
            awaited(file.sync_all()).await.map_err(failed)?;
        }
        awaited(file.close()).await.map_err(failed)
    }

    async fn publish(&mut self, path: &str, name: &str) -> Result<bool, PortFault> {
        let (from, to) = (self.path(path), self.path(name));
        let mut fs = self.client.fs();
        // A link is never made over what stands there; a rename may be.
        let linked = awaited(fs.hard_link(&from, &to)).await.is_ok();
        if linked {
            self.remove(path).await?;
            return Ok(true);
        }
        if self.length(name).await?.is_some() {
            return Ok(false);
        }
        let renamed = awaited(fs.rename(&from, &to)).await;
        renamed.map_err(|e| self.fault("publishing", name, &e))?;
        Ok(true)
    }

    async fn remove(&mut self, path: &str) -> Result<(), PortFault> {
        let mut fs = self.client.fs();
        let whole = self.path(path);
        let removed = awaited(async { found(fs.remove_file(whole).await) }).await;
        removed
            .map(|_| ())
            .map_err(|e| self.fault("removing", path, &e))
    }
}
