//! Packages on a server of somebody else: the same rules as in a folder, over connections that may be cut at any
//! byte.
//!
//! A package is uploaded under a temporary name, read back, and only then published under its own; a half file is
//! never under a package's name. What was cut goes on where it stopped, where the server can do that. Nothing here
//! waits before it tries again: the node's outbox does, by its clock.

pub mod calls;
pub mod egress;
pub mod form;
pub mod listing;
pub mod sftp;
pub mod webdav;

mod pin;

use std::io::{self, Seek, Write};
use std::time::Duration;

use async_trait::async_trait;
use exchange::file_name::FileName;
use exchange::ids::{PackageId, PartyId};
use exchange::ports::{Parts, PortFault, Transport};
use ledger::{Digest, Digesting};

use self::egress::Egress;
use self::sftp::{Sftp, SftpPlace};
use self::webdav::{WebDav, WebDavPlace};
use crate::directory::{SUFFIX, TAKEN, escape, package_of, reading};
use crate::limits;

/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// How many connections a reading takes that is cut again and again; each must bring something.
const CUTS: usize = 5;

/// Takes bytes as they come.
type Take<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<(), PortFault> + Send);

/// A server, and how it is reached.
#[async_trait]
pub(crate) trait Server: Send + Sync {
    /// A session with it. One verb of the transport is one session.
    async fn session(&self) -> Result<Box<dyn Session>, PortFault>;
}

/// A session. Paths are relative to the folder that the server gives, their names escaped as in a directory.
#[async_trait]
pub(crate) trait Session: Send {
    /// Can a file be written on from any byte?
    fn resumes(&self) -> bool;
    /// Makes a folder; one that stands is no error.
    async fn make_folder(&mut self, folder: &str) -> Result<(), PortFault>;
    /// The names of a folder's files; none of a folder that does not stand.
    async fn names(&mut self, folder: &str) -> Result<Vec<String>, PortFault>;
    /// The length of a file; none where there is no such file.
    async fn length(&mut self, path: &str) -> Result<Option<u64>, PortFault>;
    /// Reads a file from a byte to its end; false where there is no such file.
    async fn read(&mut self, path: &str, from: u64, take: Take<'_>) -> Result<bool, PortFault>;
    /// Writes a file from a byte on; from the first byte, it is written anew.
    async fn write(
        &mut self,
        path: &str,
        from: u64,
        bytes: &mut dyn Parts,
    ) -> Result<(), PortFault>;
    /// Gives a file another name, at once and whole; false where something stands under that name.
    async fn publish(&mut self, path: &str, name: &str) -> Result<bool, PortFault>;
    /// Removes a file; that it is not there is no error.
    async fn remove(&mut self, path: &str) -> Result<(), PortFault>;
}

/// The names under which a package lies on a server.
struct Names {
    package: String,
    /// While it is uploaded; no package's name ends so.
    part: String,
    /// Says that it was here and was taken.
    taken: String,
}

impl Names {
    fn of(party: &PartyId, id: &PackageId) -> Self {
        let stem = format!("{party}/{}", escape(id.as_str()));
        Self {
            package: format!("{stem}{SUFFIX}"),
            part: format!("{stem}.part"),
            taken: format!("{stem}.{TAKEN}"),
        }
    }
}

/// The bytes of a package on their way up, without those that are there already.
struct Sending<'a> {
    bytes: &'a mut dyn Parts,
    skip: u64,
    length: u64,
    digest: Digesting,
}

#[async_trait]
impl Parts for Sending<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, PortFault> {
        while let Some(mut part) = self.bytes.next().await? {
            self.digest.take(&part);
            self.length += part.len() as u64;
            if self.length > limits::PACKAGE_BYTES {
                return Err(PortFault(
                    "the package is too long to be sent: send fewer rows".into(),
                ));
            }
            let there = usize::try_from(self.skip).unwrap_or(usize::MAX);
            let there = there.min(part.len());
            self.skip -= there as u64;
            if there < part.len() {
                return Ok(Some(part.split_off(there)));
            }
        }
        Ok(None)
    }
}

impl<'a> Sending<'a> {
    fn new(bytes: &'a mut dyn Parts, skip: u64) -> Self {
        Self {
            bytes,
            skip,
            length: 0,
            digest: Digesting::default(),
        }
    }

    /// The digest of the whole.
    async fn end(mut self) -> Result<Digest, PortFault> {
        self.skip = u64::MAX;
        while self.next().await?.is_some() {}
        Ok(self.digest.done())
    }
}

/// The digest of a file on the server; none where there is no such file.
async fn digest(session: &mut dyn Session, path: &str) -> Result<Option<Digest>, PortFault> {
    let mut digesting = Digesting::default();
    let mut take = |part: &[u8]| {
        digesting.take(part);
        Ok(())
    };
    let there = session.read(path, 0, &mut take).await?;
    Ok(there.then(|| digesting.done()))
}

fn changed(part: &str) -> PortFault {
    PortFault(format!(
        "what lay at {part} on the server was not what was sent: it was removed, and is sent anew"
    ))
}

fn another(path: &str) -> PortFault {
    PortFault(format!(
        "another file already stands at {path} on the server: it was not replaced; find out who wrote it"
    ))
}

async fn put(
    session: &mut dyn Session,
    to: &PartyId,
    id: &PackageId,
    bytes: &mut dyn Parts,
) -> Result<(), PortFault> {
    let names = Names::of(to, id);
    session.make_folder(to.as_str()).await?;
    if session.length(&names.taken).await?.is_some() {
        return Ok(());
    }
    if let Some(there) = digest(session, &names.package).await? {
        if Sending::new(bytes, 0).end().await? != there {
            return Err(another(&names.package));
        }
        return session.remove(&names.part).await;
    }
    let from = match session.resumes() {
        true => session.length(&names.part).await?.unwrap_or(0),
        false => 0,
    };
    let mut sending = Sending::new(bytes, from);
    session.write(&names.part, from, &mut sending).await?;
    let sent = sending.end().await?;
    if digest(session, &names.part).await? != Some(sent) {
        session.remove(&names.part).await?;
        return Err(changed(&names.part));
    }
    if session.publish(&names.part, &names.package).await? {
        return Ok(());
    }
    let there = digest(session, &names.package).await?;
    session.remove(&names.part).await?;
    if there == Some(sent) {
        Ok(())
    } else {
        Err(another(&names.package))
    }
}

/// As [`put`], under a name that people read, and in place of what stood there: the same party lays it out again.
async fn lay(
    session: &mut dyn Session,
    to: &PartyId,
    name: &FileName,
    bytes: &[u8],
) -> Result<(), PortFault> {
    let path = format!("{to}/{name}");
    let part = format!("{path}.part");
    session.make_folder(to.as_str()).await?;
    let sent = Digest::of(bytes);
    if digest(session, &path).await? != Some(sent) {
        session.write(&part, 0, &mut &*bytes).await?;
        if digest(session, &part).await? != Some(sent) {
            session.remove(&part).await?;
            return Err(changed(&part));
        }
        session.remove(&path).await?;
        if !session.publish(&part, &path).await? {
            return Err(another(&path));
        }
    }
    session.remove(&part).await
}

/// A package, brought whole into a file without a name: what is sealed may lie on a disk.
async fn get(server: &dyn Server, path: &str) -> Result<Option<Box<dyn Parts>>, PortFault> {
    let kept = |e: io::Error| {
        PortFault(format!(
            "the package at {path} on the server could not be kept while it came: {e}; check the space for temporary files"
        ))
    };
    let mut file = tempfile::tempfile().map_err(kept)?;
    let (mut length, mut cuts) = (0, 0);
    loop {
        let before = length;
        let mut take = |part: &[u8]| {
            length += part.len() as u64;
            if length > limits::PACKAGE_BYTES {
                return Err(PortFault(format!(
                    "the package at {path} on the server is longer than any package"
                )));
            }
            file.write_all(part).map_err(kept)
        };
        let mut session = server.session().await?;
        match session.read(path, before, &mut take).await {
            Ok(false) => return Ok(None),
            Ok(true) => {
                file.rewind().map_err(kept)?;
                return Ok(Some(reading(file, path.into())));
            }
            Err(fault) => {
                cuts += 1;
                if cuts == CUTS || length == before {
                    return Err(fault);
                }
            }
        }
    }
}

async fn waiting(session: &mut dyn Session, me: &PartyId) -> Result<Vec<PackageId>, PortFault> {
    let names = session.names(me.as_str()).await?;
    let mut ids: Vec<_> = names.iter().filter_map(|n| package_of(n)).collect();
    ids.sort();
    Ok(ids)
}

async fn remove(session: &mut dyn Session, me: &PartyId, id: &PackageId) -> Result<(), PortFault> {
    let names = Names::of(me, id);
    // The mark first: without it, a sender that stopped would put the package back.
    if session.length(&names.package).await?.is_some() {
        session.write(&names.taken, 0, &mut &b""[..]).await?;
    }
    session.remove(&names.package).await
}

/// A server as a transport.
pub struct Remote(Box<dyn Server>);

impl Remote {
    /// Packages on an SFTP server.
    pub fn sftp(place: SftpPlace, egress: Egress) -> Self {
        Self(Box::new(Sftp::new(place, egress)))
    }

    /// Packages on a WebDAV server.
    pub fn webdav(place: WebDavPlace, egress: Egress) -> Self {
        Self(Box::new(WebDav::new(place, egress)))
    }
}

#[async_trait]
impl Transport for Remote {
    async fn put(
        &self,
        to: &PartyId,
        id: &PackageId,
        bytes: &mut dyn Parts,
    ) -> Result<(), PortFault> {
        put(&mut *self.0.session().await?, to, id, bytes).await
    }

    async fn waiting(&self, me: &PartyId) -> Result<Vec<PackageId>, PortFault> {
        waiting(&mut *self.0.session().await?, me).await
    }

    async fn get(&self, me: &PartyId, id: &PackageId) -> Result<Option<Box<dyn Parts>>, PortFault> {
        get(&*self.0, &Names::of(me, id).package).await
    }

    async fn remove(&self, me: &PartyId, id: &PackageId) -> Result<(), PortFault> {
        remove(&mut *self.0.session().await?, me, id).await
    }

    async fn lay(&self, to: &PartyId, name: &FileName, bytes: &[u8]) -> Result<(), PortFault> {
        lay(&mut *self.0.session().await?, to, name, bytes).await
    }

    async fn lying(&self, me: &PartyId) -> Result<Vec<FileName>, PortFault> {
        let names = self.0.session().await?.names(me.as_str()).await?;
        let mut all: Vec<_> = names.into_iter().filter_map(FileName::parse).collect();
        all.sort();
        Ok(all)
    }

    async fn fetch(&self, me: &PartyId, name: &FileName) -> Result<Option<Vec<u8>>, PortFault> {
        let path = format!("{me}/{name}");
        let Some(mut parts) = get(&*self.0, &path).await? else {
            return Ok(None);
        };
        let mut whole = Vec::new();
        while let Some(part) = parts.next().await? {
            whole.extend(part);
            if whole.len() as u64 > limits::WHOLE_BYTES {
                return Err(PortFault(format!(
                    "the file {path} on the server is longer than {} MiB: it was not read; have it sent in parts",
                    limits::WHOLE_BYTES >> 20
                )));
            }
        }
        Ok(Some(whole))
    }

    async fn clear(&self, party: &PartyId, name: &FileName) -> Result<(), PortFault> {
        let mut session = self.0.session().await?;
        session.remove(&format!("{party}/{name}")).await
    }
}

/// Waits for a server, but not for ever.
async fn awaited<T, E: std::fmt::Display>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match tokio::time::timeout(SILENCE, work).await {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => Err(format!("it was silent for {} seconds", SILENCE.as_secs())),
    }
}
