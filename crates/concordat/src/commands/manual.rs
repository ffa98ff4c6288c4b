//! `concordat manual`: the manual pages and the completions of shells, made of the command line itself.

use std::path::PathBuf;

use clap::Command;
use clap_complete::{Shell, generate_to};
use serde_json::json;

use crate::fail::Fail;
use crate::say;

/// Arguments of `manual`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat manual --out manual\n\nThe Debian package installs what it writes."
)]
pub(crate) struct Args {
    /// The folder to write; it is made where it is not there, and what has the same name in it is written anew.
    #[arg(long)]
    out: PathBuf,
    /// Print what was written as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, mut line: Command) -> Result<(), Fail> {
    let out = &args.out;
    std::fs::create_dir_all(out).map_err(|e| Fail::at(out, &e))?;
    clap_mangen::generate_to(line.clone(), out).map_err(|e| Fail::at(out, &e))?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut line, "concordat", out).map_err(|e| Fail::at(out, &e))?;
    }
    if args.json {
        say(json!({ "out": out }));
    } else {
        say(format!(
            "Manual pages and completions of bash, zsh and fish are in {}.",
            out.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_has_a_page_and_every_shell_its_completion() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("manual");
        let args = Args {
            out: out.clone(),
            json: false,
        };
        let line = crate::Cli::command();
        run(&args, line.clone()).unwrap();
        for command in line.get_subcommands() {
            let page = out.join(format!("concordat-{}.1", command.get_name()));
            let text = std::fs::read_to_string(page).unwrap();
            assert!(
                text.contains("Example: concordat"),
                "{}",
                command.get_name()
            );
        }
        for name in [
            "concordat.1",
            "concordat.bash",
            "_concordat",
            "concordat.fish",
        ] {
            assert!(
                std::fs::read(out.join(name)).unwrap().len() > 1_000,
                "{name}"
            );
        }
    }
}
