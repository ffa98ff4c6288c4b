//! The lists of a world as flat tables, as they stand on the first day: for training and measuring a matching solution.
//! Each record has what a matcher may compare, and the cases what groups of people are told apart by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use exchange::ports::PortFault;
use linkage::{Source, SourceFault};

use super::columns::{TableReader, TableWriter};
use super::master::Standing;
use super::{FIRST_DAY, WorldRegister};
use crate::VirtualClock;
use crate::file::FileFault;

const CASE: [&str; 16] = [
    "row",
    "full_name",
    "date_of_birth",
    "nino",
    "surname",
    "forename",
    "middle_name",
    "gender",
    "address",
    "post_code",
    "addresses",
    "addresses.postcode",
    "origin",
    "sex",
    "birth_year",
    "area",
];

/// What a call about somebody asks, with what groups of people are told apart by.
const CALL: [&str; 10] = [
    "call",
    "forename",
    "surname",
    "other_names",
    "date_of_birth",
    "nino",
    "origin",
    "sex",
    "birth_year",
    "area",
];

/// The list out of which calls are answered.
const CALLED: &str = "dwp";

/// Who somebody of the register is: origin, sex, birth year, then the references of the other lists.
type Who = BTreeMap<String, Vec<Option<String>>>;

/// A department's list: its folder and file, the column of the truth that has its references, and what it can be
/// matched by beside names, birth date and addresses.
const LISTS: [(&str, &str, &str, &str); 3] = [
    ("hmrc", "master.parquet", "hmrc_reference", "nino"),
    ("dwp", "master.parquet", "dwp_reference", "nino"),
    ("dfe", "census.parquet", "dfe_reference", "sex"),
];

/// Writes `cases.parquet` and, for each large list, `<list>.parquet` and `<list>-truth.parquet` (left_id, right_id) in
/// the folder `flat` of a world; `calls.parquet` has a call about everybody of the cases who has a number (RTC-02), and
/// `calls-truth.parquet` the records of DWP's list that they are about. Memory follows the case register.
///
/// # Errors
/// [`PortFault`] when a list cannot be read or a table not be written.
pub async fn flat(world: &Path) -> Result<(), PortFault> {
    let folder = world.join("flat");
    std::fs::create_dir_all(&folder)
        .map_err(|e| PortFault(format!("{} cannot be made: {e}", folder.display())))?;
    let who = who(&world.join("truth.parquet"))?;
    let (told, called) = cases(world, &folder, &who).await?;
    for (n, (list, file, _, own)) in LISTS.iter().enumerate() {
        let from = world.join(list).join(file);
        let known = |who: &Vec<Option<String>>| who.get(3 + n).cloned().flatten();
        let wanted: BTreeSet<String> = who.values().filter_map(known).collect();
        let to = folder.join(format!("{list}.parquet"));
        let listed = master(&from, &to, own, &wanted)?;
        let of_calls = (*list == CALLED).then_some(("calls", &called));
        for (of, cases) in [(*list, &told)].into_iter().chain(of_calls) {
            let truth = folder.join(format!("{of}-truth.parquet"));
            write(&truth, &["left_id", "right_id"], |push| {
                for (case, who) in who.iter().filter(|(case, _)| cases.contains(*case)) {
                    if let Some(reference) = known(who).filter(|r| listed.contains(r)) {
                        push(vec![Some(case.clone()), Some(reference)])?;
                    }
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn who(path: &Path) -> Result<Who, PortFault> {
    let read = || {
        let table = TableReader::open(path)?;
        let mut all = Who::new();
        for group in 0..table.groups() {
            let keys = table.values(group, "register_key")?;
            let mut columns = Vec::new();
            let lists = LISTS.iter().map(|(_, _, column, _)| *column);
            for column in ["origin", "sex", "birth_year"].into_iter().chain(lists) {
                columns.push(table.values(group, column)?);
            }
            for (at, key) in keys.iter().enumerate() {
                let who = columns
                    .iter()
                    .map(|c| c.get(at).map(ToOwned::to_owned))
                    .collect();
                if let Some(key) = key {
                    all.insert(key.to_owned(), who);
                }
            }
        }
        Ok::<_, parquet::errors::ParquetError>(all)
    };
    read().map_err(|_| PortFault(format!("{} is no truth of a world", path.display())))
}

/// Gives the keys of those that are in it, and of those whom a call can be about.
async fn cases(
    world: &Path,
    folder: &Path,
    who: &Who,
) -> Result<(BTreeSet<String>, BTreeSet<String>), PortFault> {
    let noon = FIRST_DAY.at(12, 0, 0, 0).in_tz("UTC");
    let noon = noon.map_err(|e| PortFault(e.to_string()))?.timestamp();
    let clock = Arc::new(VirtualClock::new(noon));
    let register = WorldRegister::open(&world.join("ho/register.db"), clock).await?;
    let people = register.cases().await?;
    let keys = people
        .iter()
        .filter_map(|row| row.first().cloned().flatten());
    let keys = keys.collect();
    let mut called = BTreeSet::new();
    write(&folder.join("calls.parquet"), &CALL, |push| {
        for row in &people {
            let held = |column: &str| {
                let at = CASE.iter().position(|name| *name == column);
                at.and_then(|at| row.get(at)).cloned().flatten()
            };
            let (Some(key), Some(nino)) = (held("row"), held("nino")) else {
                continue;
            };
            let names = [held("forename"), held("surname"), None];
            let mut call = vec![Some(key.clone())];
            call.extend(names);
            call.extend([held("date_of_birth"), Some(nino)]);
            call.extend(who.get(&key).into_iter().flatten().take(3).cloned());
            call.push(area(row));
            push(call)?;
            called.insert(key);
        }
        Ok(())
    })?;
    write(&folder.join("cases.parquet"), &CASE, |push| {
        for mut row in people {
            let key = row.first().cloned().flatten().unwrap_or_default();
            let area = area(&row);
            row.extend(who.get(&key).into_iter().flatten().take(3).cloned());
            row.push(area);
            push(row)?;
        }
        Ok(())
    })?;
    Ok((keys, called))
}

/// The town of a case's last address: every postcode of a world is of one area, ZZ.
fn area(row: &[Option<String>]) -> Option<String> {
    let at = CASE.iter().position(|name| *name == "addresses")?;
    let (_, town) = row.get(at)?.as_deref()?.rsplit_once(", ")?;
    Some(town.to_owned())
}

/// Gives those of the wanted references that are in it.
fn master(
    from: &Path,
    to: &Path,
    own: &str,
    wanted: &BTreeSet<String>,
) -> Result<BTreeSet<String>, PortFault> {
    let unread = |e: SourceFault| PortFault(e.to_string());
    let list = Standing::open(from, FIRST_DAY)?;
    let names = [
        "reference",
        "full_name",
        "former_names",
        "date_of_birth",
        own,
        "addresses",
        "addresses.postcode",
    ];
    let columns = names.map(ToOwned::to_owned);
    let mut listed = BTreeSet::new();
    write(to, &names, |push| {
        for part in 0..list.parts() {
            let mut each = |batch: &dyn linkage::Batch| {
                for row in 0..batch.rows() {
                    let text = |column| batch.text(column, row).map(ToOwned::to_owned);
                    listed.extend(text(0).filter(|r| wanted.contains(r)));
                    push((0..names.len()).map(text).collect())
                        .map_err(|e| SourceFault(e.to_string()))?;
                }
                Ok(())
            };
            list.read(part, &columns, &mut each).map_err(unread)?;
        }
        Ok(())
    })?;
    Ok(listed)
}

type Push<'a> = dyn FnMut(Vec<Option<String>>) -> Result<(), PortFault> + 'a;

fn write(
    path: &Path,
    columns: &[&str],
    rows: impl FnOnce(&mut Push) -> Result<(), PortFault>,
) -> Result<(), PortFault> {
    let fault = |e: FileFault| PortFault(e.to_string());
    let failed = || PortFault(format!("{} cannot be written", path.display()));
    let mut table = TableWriter::create(path, columns).map_err(fault)?;
    rows(&mut |row| table.push(row).map_err(|_| failed()))?;
    table.finish().map_err(|_| failed())
}
