//! A new migration is a new build; and a release embeds the pages that were built before it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    // Where the pages will be: there from the first build on, so that its path is known and can be watched.
    let pages = "../../web/dist";
    if let Err(error) = std::fs::create_dir_all(pages) {
        println!("cargo:warning={pages}: {error}; the server will have no pages");
    }
    // A debug build reads the pages from the disk.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={pages}");
    }
}
