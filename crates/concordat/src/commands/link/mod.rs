//! `concordat link`: linkage of lists that lie in files.

mod cluster;
mod common;
mod evaluate;
mod explain;
mod groups;
mod model_page;
mod profile;
mod quality_page;
mod sample;
mod score;
mod tables;
mod train;
mod waterfall;

use crate::fail::Fail;

/// Arguments of `link`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link score --left cases.parquet --right master.parquet --model models/example.yaml --out pairs.parquet\n\ndocs/linkage has the model language, and how pairs are weighed."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Train a model on two lists that do not say who is who, or on one.
    Train(train::Args),
    /// Score every candidate pair of two lists; trains first, where no trained numbers are given.
    Score(score::Args),
    /// Find the records of one list that are of one person.
    Dedupe(score::DedupeArgs),
    /// Say how good a linkage is, against a truth: one page and one file of JSON, without small counts.
    Evaluate(evaluate::Args),
    /// Draw scored pairs for a person to judge, or estimate precision and recall from what was judged.
    Sample(sample::Args),
    /// Say why a pair weighs what it weighs, or draw a trained model and what it does with lists.
    Explain(explain::Args),
    /// Make clusters of scored pairs, under ids that last from run to run.
    Cluster(cluster::Args),
    /// Count what lists hold, what of it a model cannot use, and how many pairs it would look at.
    Profile(profile::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    match &args.verb {
        Verb::Train(args) => train::run(args),
        Verb::Score(args) => score::run(args),
        Verb::Dedupe(args) => score::dedupe(args),
        Verb::Evaluate(args) => evaluate::run(args),
        Verb::Sample(args) => sample::run(args),
        Verb::Explain(args) => explain::run(args),
        Verb::Cluster(args) => cluster::run(args),
        Verb::Profile(args) => profile::run(args),
    }
}
