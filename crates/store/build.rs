//! Tells cargo that a new migration file changes the crate.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
