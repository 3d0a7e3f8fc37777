//! A new migration is a new build; and a release embeds the pages that were built before it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    // A debug build reads the pages from the disk.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed=../../web/dist");
    }
}
