//! Reads partners' files in a child process that can do nothing but answer.
//!
//! The child has no environment, no files, bounded memory and time; whatever a file makes it do, the process
//! that serves others goes on. Writing happens here in memory: what is written comes from the node itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use exchange::cover::Cover;
use exchange::ports::{Forms, PortFault, Writing};
use exchange::table::{FileFault, Format, Gathering, Shape, Table};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use crate::cells::{fits, unsafe_file};
use crate::fault::{STRUCTURE, whole};
use crate::reader::{Answer, NOT_STARTED, Request, Task};
use crate::{csv, limits, workbook};

/// Writes files in memory and reads them through the program `concordat-reader`.
#[derive(Clone, Debug)]
pub struct ConfinedForms {
    reader: PathBuf,
    patience: Duration,
}

/// Twice the processor time that the child has: a busy machine is no fault of the file.
const PATIENCE: Duration = Duration::from_secs(2 * limits::READER_SECONDS);

impl ConfinedForms {
    /// With the reader at this path.
    pub fn new(reader: impl Into<PathBuf>) -> Self {
        Self {
            reader: reader.into(),
            patience: PATIENCE,
        }
    }

    /// The same, giving up on a file after `patience`.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    fn fault(&self, what: &str) -> PortFault {
        let path = self.reader.display();
        PortFault(format!(
            "the confined reader {path} {what}: install it beside the main program and check its permissions"
        ))
    }

    /// The child's answer as bytes; none when it answered too much or died over the file.
    async fn ask(
        &self,
        child: &mut Child,
        request: &[u8],
        file: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, PortFault> {
        let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.fault("has no pipes"));
        };
        let send = async move {
            // A reader that has died reads no more; how it ended tells the rest.
            let _ = to.write_all(request).await;
            let _ = to.write_all(file).await;
            let _ = to.shutdown().await;
        };
        let mut answer = Zeroizing::new(Vec::new());
        let mut bounded = from.take(limits::ANSWER_BYTES + 1);
        let ((), read) = tokio::join!(send, bounded.read_to_end(&mut answer));
        if read.is_err() || answer.len() as u64 > limits::ANSWER_BYTES {
            return Ok(None);
        }
        let status = child
            .wait()
            .await
            .map_err(|_| self.fault("could not be waited for"))?;
        match status.code() {
            Some(0) => Ok(Some(answer)),
            Some(NOT_STARTED) => {
                Err(self.fault("could not confine itself, or is of another version"))
            }
            _ => Ok(None),
        }
    }

    /// What the child says to a task.
    pub(crate) async fn answer(
        &self,
        task: Task,
        format: Format,
        shape: &Shape,
        bytes: &[u8],
    ) -> Result<Answer, PortFault> {
        if bytes.len() > limits::FILE_BYTES {
            return Ok(Answer::Fault(whole(
                STRUCTURE,
                "the file is longer than 64 MiB: send it in parts",
            )));
        }
        let request = Request {
            task,
            format,
            shape: shape.clone(),
            bytes: bytes.len(),
        };
        let line = serde_json::to_vec(&request).map_err(|_| self.fault("cannot be asked"))?;
        let mut line = Zeroizing::new(line);
        line.push(b'\n');
        let mut child = Command::new(&self.reader)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What a dying parser prints could hold a value.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| self.fault(&format!("could not be started ({e})")))?;
        // On a time-out the child is dropped here, and killed with that.
        let Ok(answer) =
            tokio::time::timeout(self.patience, self.ask(&mut child, &line, bytes)).await
        else {
            return Ok(Answer::Fault(unsafe_file()));
        };
        let Some(answer) = answer? else {
            return Ok(Answer::Fault(unsafe_file()));
        };
        Ok(serde_json::from_slice(&answer).unwrap_or_else(|_| Answer::Fault(unsafe_file())))
    }
}

#[async_trait]
impl Forms for ConfinedForms {
    fn begin(&self, format: Format, cover: &Cover) -> Result<Box<dyn Writing>, PortFault> {
        let columns = cover.names();
        Ok(match format {
            Format::Xlsx => {
                let cover = cover.clone();
                Box::new(Gathering::new(&columns, move |table| {
                    workbook::write(&cover, &table)
                }))
            }
            Format::Csv => Box::new(csv::Lines::under(&columns)?),
        })
    }

    async fn read(
        &self,
        format: Format,
        shape: &Shape,
        bytes: &[u8],
    ) -> Result<Result<Table, FileFault>, PortFault> {
        let answer = self.answer(Task::Read, format, shape, bytes).await?;
        Ok(table(answer, shape))
    }
}

/// The table of an answer, if it has the shape.
pub(crate) fn table(answer: Answer, shape: &Shape) -> Result<Table, FileFault> {
    match answer {
        Answer::Table(table) => fits(&table, shape).map(|()| table),
        Answer::Fault(fault) => Err(fault),
        Answer::Looked(_) => Err(unsafe_file()),
    }
}
