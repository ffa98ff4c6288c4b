//! Locked files, as the domain asks for them: locked here in memory, opened in the confined reader.

use async_trait::async_trait;
use exchange::cover::Cover;
use exchange::password::Password;
use exchange::ports::{Locks, PortFault, Spooled};
use exchange::table::{FileFault, Format, Looked, Shape, Table};
use zeroize::Zeroizing;

use crate::confined::ConfinedForms;
use crate::reader::Task;
use crate::{annotated, locked};

fn text(password: &Password) -> Zeroizing<String> {
    Zeroizing::new(password.reveal().to_owned())
}

#[async_trait]
impl Locks for ConfinedForms {
    fn name(&self, format: Format, cover: &Cover) -> String {
        locked::name(cover, format)
    }

    fn lock(
        &self,
        format: Format,
        cover: &Cover,
        file: &[u8],
        password: &Password,
        seed: &Zeroizing<[u8; 32]>,
    ) -> Result<Vec<u8>, PortFault> {
        locked::lock(format, cover, file, password, seed)
    }

    async fn open(
        &self,
        format: Format,
        shape: &Shape,
        bytes: &[u8],
        password: &Password,
    ) -> Result<Result<Table, FileFault>, PortFault> {
        let file = Box::new(Spooled::from(bytes.to_vec()).parts());
        let task = Task::Open(text(password));
        self.ask(task, format, shape, file)?.table().await
    }

    async fn look(
        &self,
        format: Format,
        shape: &Shape,
        bytes: &[u8],
        password: &Password,
    ) -> Result<Result<Looked, FileFault>, PortFault> {
        let file = Box::new(Spooled::from(bytes.to_vec()).parts());
        let task = Task::Look(text(password));
        self.ask(task, format, shape, file)?.looked().await
    }

    fn annotate(&self, cover: &Cover, looked: &Looked) -> Result<Vec<u8>, PortFault> {
        annotated::write(cover, looked)
    }
}
