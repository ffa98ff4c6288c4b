//! Opens the ciphertext of a package as it comes: no more than a block of plain text is in memory, and none touches a disk.

use std::io;
use std::pin::Pin;

use age::Decryptor;
use age::x25519::Identity;
use async_trait::async_trait;
use exchange::ports::{PackageFault, Parts, PortFault, Spooled};
use futures_util::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};
use futures_util::stream::{TryStreamExt, try_unfold};
use zeroize::Zeroizing;

use crate::package::LINE_BYTES;

/// How much plain text is given out at a time, in bytes: a block of age's.
const BLOCK: usize = 64 << 10;

type Bytes = Pin<Box<dyn AsyncBufRead + Send>>;

/// The plain text of a package that is being opened, from its beginning. Each block is authenticated before it is given;
/// whether the text is whole is known at its end.
pub(crate) struct Plain(Bytes);

/// Why there is no plain text: the package's fault, or something else's.
pub(crate) type Opening<T> = Result<Result<T, PackageFault>, PortFault>;

impl Plain {
    /// The text of the ciphertext that begins at this byte of the package.
    pub(crate) async fn of(package: &Spooled, at: usize, key: &Identity) -> Opening<Self> {
        match Decryptor::new_async_buffered(ciphertext(package, at)).await {
            Ok(sealed) => {
                let key = std::iter::once(key as &dyn age::Identity);
                let plain = sealed.decrypt_async(key);
                let plain =
                    plain.map(|plain| Self(Box::pin(BufReader::with_capacity(BLOCK, plain))));
                Ok(plain.map_err(|_| PackageFault::Unopened))
            }
            Err(age::DecryptError::Io(e)) => Ok(Err(unopened(e)?)),
            Err(_) => Ok(Err(PackageFault::Unopened)),
        }
    }

    /// Goes to the end of the text: it is whole then.
    pub(crate) async fn authenticate(mut self) -> Opening<()> {
        loop {
            match self.block().await? {
                Ok(block) if block.is_empty() => return Ok(Ok(())),
                Ok(_) => {}
                Err(fault) => return Ok(Err(fault)),
            }
        }
    }

    /// The next line, without its end.
    pub(crate) async fn line(&mut self) -> Opening<Vec<u8>> {
        const LINES: &str = "its letter does not begin with its manifest and its head";
        let mut line = Vec::new();
        let mut from = (&mut self.0).take(LINE_BYTES);
        match from.read_until(b'\n', &mut line).await {
            Ok(_) if line.pop() == Some(b'\n') => Ok(Ok(line)),
            Ok(_) => Ok(Err(PackageFault::Malformed(LINES))),
            Err(e) => Ok(Err(unopened(e)?)),
        }
    }

    /// The next block; an empty one at the end.
    async fn block(&mut self) -> Opening<Zeroizing<Vec<u8>>> {
        let mut block = Zeroizing::new(vec![0; BLOCK]);
        match self.0.read(&mut block).await {
            Ok(read) => {
                block.truncate(read);
                Ok(Ok(block))
            }
            Err(e) => Ok(Err(unopened(e)?)),
        }
    }

    /// Is nothing left?
    pub(crate) async fn is_over(&mut self) -> Opening<bool> {
        match self.0.fill_buf().await {
            Ok(left) => Ok(Ok(left.is_empty())),
            Err(e) => Ok(Err(unopened(e)?)),
        }
    }
}

/// The rest of the text, which was found whole before.
#[async_trait]
impl Parts for Plain {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, PortFault> {
        match self.block().await? {
            Ok(mut block) => Ok((!block.is_empty()).then(|| std::mem::take(&mut *block))),
            Err(_) => Err(PortFault(
                "a package is not what it was when it was authenticated: look after the node's store"
                    .into(),
            )),
        }
    }
}

/// The bytes of a package from this one on.
fn ciphertext(package: &Spooled, at: usize) -> Bytes {
    let from = (package.parts(), at);
    let parts = try_unfold(from, |(mut parts, mut skip)| async move {
        while let Some(part) = parts.next().await.map_err(io::Error::other)? {
            let left = part.len().saturating_sub(skip);
            let rest = part.len() - left;
            skip -= rest;
            if left > 0 {
                let part = part.get(rest..).unwrap_or_default().to_vec();
                return Ok(Some((part, (parts, skip))));
            }
        }
        Ok(None)
    });
    Box::pin(Box::pin(parts).into_async_read())
}

/// A text that does not open is the package's fault, unless its bytes could not be had.
fn unopened(e: io::Error) -> Result<PackageFault, PortFault> {
    match e.downcast::<PortFault>() {
        Ok(fault) => Err(fault),
        Err(_) => Ok(PackageFault::Unopened),
    }
}
