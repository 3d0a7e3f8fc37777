//! Foreign bytes as a clip that is trimmed by copying its packets: an error or a clip that opens, never a panic.
#![no_main]

use kinora_media::reader::open_builtin;
use kinora_media::trim_copy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = std::env::temp_dir();
    let path = |name: &str| folder.join(format!("kinora-fuzz-{}-{name}.mp4", std::process::id()));
    std::fs::write(path("in"), bytes).expect("the temporary folder can be written");
    if let Ok(Some(written)) = trim_copy(path("in"), path("out"), &[0..2], None) {
        open_builtin(&written.path).expect("what is written can be read");
    }
});
