//! Files for parties that have no node, locked with a password (SEC-06): a workbook by Office's own agile encryption
//! ([MS-OFFCRYPTO] 2.3.4.10), csv in a zip archive with AES-256 (AE-2), its description beside it.
//!
//! Locking is in memory: no plain text touches a disk. Opening parses a partner's bytes and happens in the confined
//! reader alone. A wrong password and a damaged file are one answer: neither form is told apart before the key that
//! the password gives has turned the whole of it into something or nothing.
//!
//! [MS-OFFCRYPTO]: https://learn.microsoft.com/openspecs/office_file_formats/ms-offcrypto

use std::io::{Cursor, Read, Write};

use exchange::cover::Cover;
use exchange::password::{Password, unopened};
use exchange::ports::PortFault;
use exchange::table::{FileFault, Format};
use ms_offcrypto_writer::Ecma376AgileWriter;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use zeroize::Zeroizing;
use zip::write::SimpleFileOptions;
use zip::{AesSalt, CompressionMethod, ZipArchive, ZipWriter};

use crate::fault::whole;
use crate::{csvw, limits, xlsx};

/// A file that goes without a node goes locked, and its password another way.
pub(crate) const LOCK: &str = "SEC-06";
/// The end of the name of a csv file's description.
const BESIDE: &str = "-metadata.json";

fn unlocked() -> FileFault {
    whole(
        LOCK,
        "the file has no password: have it sent again with one, and the password another way",
    )
}

fn fault<E>(_: E) -> PortFault {
    PortFault("the file was not locked: its writer refused it; report this as a defect".into())
}

/// The name under which a locked file of this form goes.
pub(crate) fn name(cover: &Cover, format: Format) -> String {
    match format {
        Format::Xlsx => cover.name.clone(),
        Format::Csv => format!("{}.zip", cover.name),
    }
}

/// Locks the file's bytes; its keys and salts are drawn from `seed`, which is used once.
pub(crate) fn lock(
    format: Format,
    cover: &Cover,
    file: &[u8],
    password: &Password,
    seed: &[u8; 32],
) -> Result<Vec<u8>, PortFault> {
    match format {
        Format::Xlsx => workbook(file, password, seed),
        Format::Csv => archive(cover, file, password, seed),
    }
}

fn workbook(file: &[u8], password: &Password, seed: &[u8; 32]) -> Result<Vec<u8>, PortFault> {
    let mut random = ChaCha20Rng::from_seed(*seed);
    let out = Cursor::new(Vec::new());
    let writer = Ecma376AgileWriter::create(&mut random, password.reveal(), out);
    let mut writer = writer.map_err(fault)?;
    writer.write_all(file).map_err(fault)?;
    Ok(writer.into_inner().map_err(fault)?.into_inner())
}

fn archive(
    cover: &Cover,
    file: &[u8],
    password: &Password,
    seed: &[u8; 32],
) -> Result<Vec<u8>, PortFault> {
    let beside = csvw::describe(cover).map_err(fault)?;
    let entries = [
        (cover.name.clone(), file),
        (format!("{}{BESIDE}", cover.name), beside.as_slice()),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // Each entry has a salt of its own: with one for both, one stream of key would lie over both.
    let (salts, _) = seed.as_chunks::<16>();
    for ((name, bytes), salt) in entries.into_iter().zip(salts) {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .with_aes_encryption_and_salt(password.reveal().as_bytes(), AesSalt::Aes256(*salt));
        writer.start_file(name, options).map_err(fault)?;
        writer.write_all(bytes).map_err(fault)?;
    }
    Ok(writer.finish().map_err(fault)?.into_inner())
}

/// Opens a locked file; runs in the confined reader alone.
///
/// # Errors
/// [`FileFault`] (SEC-06) where it is not locked, or does not open.
pub(crate) fn open(
    format: Format,
    bytes: &[u8],
    password: &Password,
) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    match format {
        Format::Xlsx => office(bytes, password),
        Format::Csv => zipped(bytes, password),
    }
}

fn office(bytes: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    if bytes.starts_with(xlsx::ZIP) {
        return Err(unlocked());
    }
    let (raw, text) = (bytes.to_vec(), password.reveal());
    // The library stumbles over some damaged containers: that is damage like any other.
    let opened = std::panic::catch_unwind(|| office_crypto::decrypt_from_bytes(raw, text).ok());
    let plain = opened.ok().flatten().ok_or_else(unopened)?;
    let plain = Zeroizing::new(plain);
    // Any password turns the bytes into something: only the right one into a workbook whose parts are all whole.
    xlsx::is_whole(&plain).then_some(plain).ok_or_else(unopened)
}

fn zipped(bytes: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    if !bytes.starts_with(xlsx::ZIP) {
        return Err(unlocked());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| unopened())?;
    if archive.len() > 2 {
        let what = "the archive has more than one csv file and its description: send one file";
        return Err(whole(crate::fault::STRUCTURE, what));
    }
    let mut found = None;
    for n in 0..archive.len() {
        let entry = archive.by_index_decrypt(n, password.reveal().as_bytes());
        let mut entry = entry.map_err(|_| unopened())?;
        let name = entry.name().map_err(|_| unopened())?.into_owned();
        if !entry.encrypted() {
            return Err(unlocked());
        }
        if name.ends_with(BESIDE) {
            continue;
        }
        let mut plain = Zeroizing::new(Vec::new());
        // The last byte that is read carries the check of the whole.
        let most = limits::WHOLE_BYTES + 1;
        let read = (&mut entry).take(most).read_to_end(&mut plain);
        read.map_err(|_| unopened())?;
        if plain.len() as u64 > limits::WHOLE_BYTES {
            let what = "the file inflates beyond what can be read safely: send it in parts";
            return Err(whole(crate::fault::STRUCTURE, what));
        }
        if !name.ends_with(".csv") || found.replace(plain).is_some() {
            let what = "the archive has something else than one csv file: send that alone";
            return Err(whole(crate::fault::STRUCTURE, what));
        }
    }
    found.ok_or_else(unopened)
}
