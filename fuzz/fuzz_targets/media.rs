//! Foreign bytes as an uploaded clip or picture of any kind: an error or frames, never a panic.
#![no_main]

use kinora_media::reader::open_builtin;
use libfuzzer_sys::fuzz_target;

/// Whatever a file claims, a few frames show it.
const FRAMES: usize = 12;

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("kinora-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("the temporary folder can be written");
    let Ok(mut reader) = open_builtin(&path) else {
        return;
    };
    let size = reader.info().size;
    for _ in 0..FRAMES {
        match reader.next_frame() {
            Ok(Some(timed)) => assert_eq!(timed.frame.size(), size),
            Ok(None) | Err(_) => return,
        }
    }
});
