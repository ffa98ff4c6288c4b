//! Reads partners' files in a child process that can do nothing but answer.
//!
//! The child has no environment, no files, bounded memory and time; whatever a file makes it do, the process
//! that serves others goes on. A file goes through it in pieces, and its rows come back a page at a time. Writing happens
//! here in memory: what is written comes from the node itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use exchange::cover::Cover;
use exchange::ports::{Forms, Parts, PortFault, Reading, Writing};
use exchange::table::{FileFault, Format, Gathering, Looked, Shape, Table};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

use crate::cells::unsafe_file;
use crate::reader::{Answer, NOT_STARTED, Request, Task, heard};
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

    /// The same, giving up on a file after waiting for the reader for `patience`.
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

    /// Gives the child a task and a file.
    pub(crate) fn ask(
        &self,
        task: Task,
        format: Format,
        shape: &Shape,
        file: Box<dyn Parts>,
    ) -> Result<Confined, PortFault> {
        let request = Request {
            task,
            format,
            shape: shape.clone(),
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
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.fault("has no pipes"));
        };
        Ok(Confined {
            forms: self.clone(),
            shape: shape.clone(),
            rows: 0,
            child,
            feeding: Some(tokio::spawn(feed(to, line, file))),
            from: BufReader::new(from),
        })
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
        file: Box<dyn Parts>,
    ) -> Result<Box<dyn Reading>, PortFault> {
        Ok(Box::new(self.ask(Task::Read, format, shape, file)?))
    }
}

/// Gives the child its request and the file.
async fn feed(
    mut to: ChildStdin,
    request: Zeroizing<Vec<u8>>,
    mut file: Box<dyn Parts>,
) -> Result<(), PortFault> {
    // A reader that has died reads no more; how it ended tells the rest.
    if to.write_all(&request).await.is_err() {
        return Ok(());
    }
    while let Some(part) = file.next().await? {
        let part = Zeroizing::new(part);
        if to.write_all(&part).await.is_err() {
            return Ok(());
        }
    }
    let _ = to.shutdown().await;
    Ok(())
}

/// A file that goes through the child.
pub(crate) struct Confined {
    forms: ConfinedForms,
    shape: Shape,
    rows: u64,
    child: Child,
    feeding: Option<JoinHandle<Result<(), PortFault>>>,
    from: BufReader<ChildStdout>,
}

type Next<T> = Result<Result<T, FileFault>, PortFault>;

#[async_trait]
impl Reading for Confined {
    async fn next(&mut self) -> Next<Option<Table>> {
        match self.said(limits::ANSWER_BYTES).await {
            Some(Answer::Page(rows)) => self.page(rows).await,
            Some(Answer::End) => self.ended().await,
            Some(Answer::Fault(fault)) => self.refused(fault).await,
            Some(Answer::Looked(_)) => self.refused(unsafe_file()).await,
            None => self.died().await,
        }
    }
}

impl Confined {
    /// The child's next line, of so many bytes at most; none when it ended instead. Where it hangs, floods, or says what no
    /// reader says, the file is not safe.
    async fn said(&mut self, most: u64) -> Option<Answer> {
        let mut line = Zeroizing::new(Vec::new());
        let asked = Instant::now();
        let mut from = (&mut self.from).take(most);
        let answered = from.read_until(b'\n', &mut line);
        let answered = timeout(self.forms.patience, answered).await;
        self.forms.patience = self.forms.patience.saturating_sub(asked.elapsed());
        if line.is_empty() && matches!(answered, Ok(Ok(_))) {
            return None;
        }
        Some(heard(&line))
    }

    /// The whole table.
    pub(crate) async fn table(mut self) -> Next<Table> {
        let mut rows = Vec::new();
        loop {
            match self.next().await? {
                Ok(Some(mut page)) => rows.append(&mut page.rows),
                Ok(None) => break,
                Err(fault) => return Ok(Err(fault)),
            }
        }
        let columns = std::mem::take(&mut self.shape.columns);
        Ok(Ok(Table { columns, rows }))
    }

    /// The file as it is.
    pub(crate) async fn looked(mut self) -> Next<Looked> {
        let looked = match self.said(limits::LOOKED_BYTES).await {
            Some(Answer::Looked(looked)) => looked,
            Some(Answer::Fault(fault)) => return self.refused(fault).await,
            Some(Answer::Page(_) | Answer::End) => return self.refused(unsafe_file()).await,
            None => return self.died().await,
        };
        match self.end().await? {
            Some(0) => Ok(Ok(looked)),
            _ => Ok(Err(unsafe_file())),
        }
    }

    /// A page has rows of the agreed width, and not more than may come.
    async fn page(&mut self, rows: Vec<Vec<String>>) -> Next<Option<Table>> {
        let width = self.shape.columns.len();
        self.rows += rows.len() as u64;
        let fits = self.rows <= self.shape.max_rows && rows.iter().all(|row| row.len() == width);
        if rows.is_empty() || !fits {
            return self.refused(unsafe_file()).await;
        }
        let columns = self.shape.columns.clone();
        Ok(Ok(Some(Table { columns, rows })))
    }

    /// The child says that all rows were given: so it is, if it ends well and had the whole file.
    async fn ended(&mut self) -> Next<Option<Table>> {
        match self.end().await? {
            Some(0) => Ok(Ok(None)),
            _ => Ok(Err(unsafe_file())),
        }
    }

    /// The child ended and had said nothing.
    async fn died<T>(&mut self) -> Next<T> {
        match self.end().await? {
            Some(NOT_STARTED) => Err(self
                .forms
                .fault("could not confine itself, or is of another version")),
            _ => Ok(Err(unsafe_file())),
        }
    }

    /// Nothing more is wanted of the child.
    async fn refused<T>(&mut self, fault: FileFault) -> Next<T> {
        let _ = self.child.start_kill();
        self.end().await?;
        Ok(Err(fault))
    }

    /// Lets the child end and gives its code, if it has one. A file that did not come whole is nobody's fault but that of
    /// where it came from.
    async fn end(&mut self) -> Result<Option<i32>, PortFault> {
        let status = match timeout(self.forms.patience, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                let _ = self.child.start_kill();
                self.child.wait().await
            }
        };
        let status = status.map_err(|_| self.forms.fault("could not be waited for"))?;
        if let Some(feeding) = self.feeding.take() {
            let fed = feeding.await;
            fed.map_err(|_| self.forms.fault("was broken off"))??;
        }
        Ok(status.code())
    }
}
