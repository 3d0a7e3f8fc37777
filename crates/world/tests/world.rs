//! The world as its users see it: tables, records, captions, packs, frames. Needs no fetched pictures.

use std::collections::HashSet;

use image::{Rgba, RgbaImage};
use kinora_world::actors;
use kinora_world::captions::{article, captions, place_phrases, plural, wording};
use kinora_world::pack::{self, Pack};
use kinora_world::record::{
    SampleOptions, SceneRecord, Split, is_heldout, possible_actions, sample_record,
};
use kinora_world::render::{Format, boxes, render};
use kinora_world::rng::Dice;
use kinora_world::stream::{StreamOptions, record_at, write_stream};
use kinora_world::vocabulary::{Action, Camera, Direction, Place, Style, Time, Weather, Words};
use proptest::prelude::*;

/// Every actor as a red disc of two frames.
fn tiny_pack() -> Vec<u8> {
    let disc = |grey: u8| {
        RgbaImage::from_fn(24, 20, |x, y| {
            let (dx, dy) = (f32::from(x as u8) - 11.5, f32::from(y as u8) - 9.5);
            let alpha = if dx * dx + dy * dy < 81.0 { 255 } else { 0 };
            Rgba([220, grey, 40, alpha])
        })
    };
    let sprites: Vec<_> = actors::all()
        .iter()
        .map(|actor| (actor.key, 1.0, vec![disc(30), disc(60)]))
        .collect();
    pack::from_images(&sprites).expect("small pictures")
}

fn records(count: u64, split: Split) -> Vec<SceneRecord> {
    let options = SampleOptions {
        split,
        ..SampleOptions::default()
    };
    (0..count)
        .map(|seed| sample_record(&mut Dice::new(seed), &options))
        .collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn tables_are_complete() {
    let table = actors::all();
    assert!(table.len() >= 100);
    let keys: HashSet<_> = table.iter().map(|actor| actor.key).collect();
    let names: HashSet<_> = table.iter().map(|actor| actor.name_en()).collect();
    let chinese: HashSet<_> = table.iter().map(|actor| actor.name_zh()).collect();
    assert_eq!(keys.len(), table.len());
    assert_eq!(names.len(), table.len());
    assert_eq!(chinese.len(), table.len());
    for actor in table {
        assert!(
            actor.zh.iter().all(|word| is_chinese(word)),
            "{}",
            actor.key
        );
        assert!(is_chinese(actor.measure), "{}", actor.key);
        assert!(
            actor
                .en
                .iter()
                .all(|word| !word.is_empty() && !is_chinese(word))
        );
    }
    let all: Vec<Words> = Place::ALL
        .iter()
        .map(|x| x.words())
        .chain(Action::ALL.iter().map(|x| x.words()))
        .chain(Camera::ALL.iter().map(|x| x.words()))
        .chain(Time::ALL.iter().map(|x| x.words()))
        .chain(Weather::ALL.iter().map(|x| x.words()))
        .chain(Direction::ALL.iter().map(|x| x.words()))
        .collect();
    for words in all {
        assert!(!words.en.is_empty() && !words.zh.is_empty());
        assert!(words.zh.iter().all(|word| is_chinese(word)));
    }
}

#[test]
fn held_out_combinations_are_a_tenth_and_disjoint() {
    let (mut held, mut all) = (0, 0);
    for actor in actors::all() {
        let mut trained = 0;
        for &place in Place::ALL {
            for action in possible_actions(actor, place) {
                all += 1;
                if is_heldout(actor.key, place, action) {
                    held += 1;
                } else {
                    trained += 1;
                }
            }
        }
        assert!(trained > 50, "{} is hardly trained on", actor.key);
    }
    let share = f64::from(held) / f64::from(all);
    assert!((0.08..0.12).contains(&share), "{share}");
    assert!(records(400, Split::Train).iter().all(|r| !r.heldout()));
    assert!(records(400, Split::Val).iter().all(|r| !r.heldout()));
    assert!(records(400, Split::Heldout).iter().all(|r| r.heldout()));
    // No single word is held out, not even with few actors.
    let options = SampleOptions {
        actors: 24,
        ..SampleOptions::default()
    };
    let seen: Vec<_> = (0..4000)
        .map(|seed| sample_record(&mut Dice::new(seed), &options))
        .collect();
    for actor in &actors::all()[..24] {
        assert!(
            seen.iter().any(|r| r.actor.kind == actor.key),
            "{}",
            actor.key
        );
    }
    for &place in &Place::ALL[..Place::FLAT] {
        assert!(seen.iter().any(|r| r.place == place));
    }
    for &action in &Action::ALL[..Action::FLAT] {
        assert!(seen.iter().any(|r| r.action == action));
    }
}

#[test]
fn steady_scenes_name_the_right_side_and_leave_out_what_is_unwanted() {
    let options = SampleOptions {
        steady: true,
        most: 1,
        without: vec!["spins".into(), "zoom in".into()],
        ..SampleOptions::default()
    };
    let mut right = 0;
    for seed in 0..1500 {
        let record = sample_record(&mut Dice::new(seed), &options);
        assert_eq!((record.actor.count, record.actor.position), (1, 0.0));
        assert_ne!(record.action, Action::Spins);
        assert_ne!(record.camera, Camera::ZoomIn);
        let words = captions(&record, &mut wording(&record, 0));
        if record.direction == Direction::Right {
            right += 1;
            assert!(words.en.contains("right"), "{}", words.en);
            assert!(words.zh.contains('右'), "{}", words.zh);
        }
    }
    assert!((50..400).contains(&right), "{right}");
}

#[test]
fn the_camera_keeps_steady_travellers_in_view_and_large() {
    let pack = Pack::parse(tiny_pack()).expect("a pack");
    let options = SampleOptions {
        steady: true,
        most: 1,
        ..SampleOptions::default()
    };
    let format = Format {
        width: 224,
        height: 128,
        frames: 41,
        fps: 8.0,
    };
    let mut seen = 0;
    for seed in 0..600 {
        let record = sample_record(&mut Dice::new(seed), &options);
        let panned = matches!(record.camera, Camera::PanLeft | Camera::PanRight);
        let walks = matches!(record.action, Action::Walks | Action::Runs | Action::Swims);
        if panned || !walks {
            continue;
        }
        seen += 1;
        for frame in boxes(&record, &pack, &format).expect("boxes") {
            let [left, top, right, bottom] = frame[0];
            let middle = (left + right) / 2.0;
            assert!((0.25..0.75).contains(&middle), "{record:?}: {middle}");
            if record.camera == Camera::WideAngle {
                assert!(bottom - top > 0.38, "{record:?}: {}", bottom - top);
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// Flat scenes are drawn in three styles, and their captions say which.
#[test]
fn styles_change_the_picture_and_are_said() {
    let pack = Pack::parse(tiny_pack()).expect("a pack");
    let options = SampleOptions {
        steady: true,
        styled: 0.5,
        ..SampleOptions::default()
    };
    let still = Format {
        width: 64,
        height: 36,
        frames: 1,
        fps: 8.0,
    };
    let mut seen = HashSet::new();
    for seed in 0..200 {
        let mut record = sample_record(&mut Dice::new(seed), &options);
        let style = record.style;
        if style == Style::Plain {
            continue;
        }
        seen.insert(style);
        let words = captions(&record, &mut wording(&record, 0));
        let lower = words.en.to_lowercase();
        assert!(
            style.words().en.iter().any(|word| lower.contains(word)),
            "{lower}"
        );
        assert!(
            style.words().zh.iter().any(|word| words.zh.contains(word)),
            "{}",
            words.zh
        );
        let drawn = render(&record, &pack, &still).expect("frames");
        record.style = Style::Plain;
        assert_ne!(drawn, render(&record, &pack, &still).expect("frames"));
        if style == Style::Noir {
            let grey = drawn.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]);
            assert!(grey, "{record:?}");
        }
    }
    assert_eq!(seen, HashSet::from_iter(Style::FLAT.iter().copied()));
}

#[test]
fn captions_name_actor_and_place() {
    for record in records(1500, Split::Train) {
        let actor = record.actor_entry();
        let said = captions(&record, &mut wording(&record, 0));
        let lower = said.en.to_lowercase();
        let named = actor.en.iter().any(|word| {
            lower.contains(&word.to_lowercase()) || lower.contains(&plural(word).to_lowercase())
        });
        assert!(named, "{} lacks {}", said.en, actor.name_en());
        assert!(
            actor.zh.iter().any(|word| said.zh.contains(word)),
            "{} lacks {}",
            said.zh,
            actor.name_zh()
        );
        let (en, zh) = place_phrases(record.place);
        assert!(en.iter().any(|p| lower.contains(p)), "{}", said.en);
        assert!(zh.iter().any(|p| said.zh.contains(p)), "{}", said.zh);
        assert!(
            !said.en.contains("  ") && !said.en.contains(" ,"),
            "{}",
            said.en
        );
        assert!(
            !said.zh.contains("，，") && !said.zh.contains(' '),
            "{}",
            said.zh
        );
    }
}

#[test]
fn the_well_known_sentences_are_said() {
    let mut record = records(1, Split::Train).remove(0);
    record.actor.kind = "mammoth".into();
    record.actor.count = 1;
    record.place = Place::Desert;
    record.action = Action::Walks;
    record.camera = Camera::WideAngle;
    record.time = Time::Day;
    record.weather = Weather::Clear;
    let said = |record: &SceneRecord| -> (HashSet<String>, HashSet<String>) {
        (0..6000)
            .map(|salt| captions(record, &mut wording(record, salt)))
            .map(|c| (c.en, c.zh))
            .unzip()
    };
    let (en, zh) = said(&record);
    assert!(en.contains("a woolly mammoth walks in the desert, wide-angle shot"));
    assert!(zh.contains("长毛猛犸象在沙漠中行走，广角镜头拍摄"));
    record.actor.kind = "swan".into();
    record.place = Place::River;
    record.action = Action::Stands;
    record.camera = Camera::Static;
    let (en, zh) = said(&record);
    assert!(en.contains("a white bird stands in a stream"));
    assert!(zh.contains("一只白色的鸟站在溪流中"));
}

#[test]
fn english_forms() {
    assert_eq!(article("owl"), "an");
    assert_eq!(article("unicorn"), "a");
    assert_eq!(article("UFO"), "a");
    assert_eq!(plural("wolf"), "wolves");
    assert_eq!(plural("grey wolf"), "grey wolves");
    assert_eq!(plural("fox"), "foxes");
    assert_eq!(plural("butterfly"), "butterflies");
    assert_eq!(plural("monkey"), "monkeys");
    assert_eq!(plural("tropical fish"), "tropical fish");
    assert_eq!(plural("white mouse"), "white mice");
}

#[test]
fn frames_are_a_function_of_the_record() {
    let pack = Pack::parse(tiny_pack()).expect("just made");
    let other = Pack::parse(tiny_pack()).expect("just made");
    for (i, record) in records(40, Split::Train).into_iter().enumerate() {
        let format = Format {
            width: 48 + 16 * (i % 3),
            height: 48,
            frames: 1 + 3 * (i % 2),
            fps: 8.0,
        };
        let text = serde_json::to_string(&record).expect("plain values");
        let again: SceneRecord = serde_json::from_str(&text).expect("what was written");
        assert_eq!(again, record);
        let frames = render(&record, &pack, &format).expect("all actors are there");
        assert_eq!(
            frames.len(),
            format.frames * format.width * format.height * 3
        );
        assert!(
            frames == render(&again, &other, &format).expect("all actors are there"),
            "{text}"
        );
    }
}

#[test]
fn streams_are_ordered_and_repeatable() {
    let pack = Pack::parse(tiny_pack()).expect("just made");
    let options = StreamOptions {
        seed: 5,
        first: 0,
        count: 7,
        format: Format {
            width: 32,
            height: 32,
            frames: 2,
            fps: 8.0,
        },
        sample: SampleOptions {
            two_segments: true,
            ..SampleOptions::default()
        },
    };
    let mut bytes = Vec::new();
    write_stream(&mut bytes, &pack, &options).expect("into memory");
    let mut again = Vec::new();
    write_stream(&mut again, &pack, &options).expect("into memory");
    assert!(bytes == again);
    let mut at = 0;
    for index in 0..options.count {
        assert_eq!(&bytes[at..at + 4], b"KWS1");
        let word = |i: usize| {
            let start = at + 4 + 4 * i;
            u32::from_le_bytes(bytes[start..start + 4].try_into().expect("four bytes")) as usize
        };
        let (json, t, h, w) = (word(0), word(1), word(2), word(3));
        assert_eq!((t, h, w), (2, 32, 32));
        let head: serde_json::Value =
            serde_json::from_slice(&bytes[at + 20..at + 20 + json]).expect("JSON");
        let record: SceneRecord = serde_json::from_value(head["record"].clone()).expect("a record");
        assert_eq!(record, record_at(&options, index));
        assert_eq!(head["captions"]["zh"].as_array().map(Vec::len), Some(3));
        assert_eq!(head["segments"].as_array().map(Vec::len), Some(2));
        at += 20 + json + t * h * w * 3;
    }
    assert_eq!(at, bytes.len());
}

#[test]
fn a_closed_pipe_is_no_error() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let pack = Pack::parse(tiny_pack()).expect("just made");
    let options = StreamOptions {
        seed: 1,
        first: 0,
        count: 0,
        format: Format {
            width: 16,
            height: 16,
            frames: 1,
            fps: 8.0,
        },
        sample: SampleOptions::default(),
    };
    write_stream(&mut Closed, &pack, &options).expect("quiet");
}

#[test]
fn broken_packs_are_refused() {
    let good = tiny_pack();
    assert!(Pack::parse(good.clone()).is_ok());
    assert!(Pack::parse(Vec::new()).is_err());
    assert!(Pack::parse(good[..good.len() - 1].to_vec()).is_err());
    assert!(Pack::parse(good[..40].to_vec()).is_err());
    let pack = Pack::parse(good).expect("just made");
    assert!(pack.sprite("nobody").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut named = b"KWPK\x01\0\0\0".to_vec();
        named.extend_from_slice(&bytes);
        let _ = Pack::parse(bytes);
        let _ = Pack::parse(named);
    }

    #[test]
    fn damaged_packs_never_panic(at in 0.0f64..1.0, value in any::<u8>(), cut in 0.0f64..1.0) {
        let disc = RgbaImage::from_pixel(9, 7, Rgba([9, 8, 7, 255]));
        let mut bytes = pack::from_images(&[("mammoth", 1.0, vec![disc])]).expect("small");
        let spot = ((bytes.len() - 1) as f64 * at) as usize;
        bytes[spot] = value;
        if value % 2 == 0 {
            bytes.truncate((bytes.len() as f64 * cut) as usize);
        }
        if let Ok(pack) = Pack::parse(bytes) {
            let _ = pack.sprite("mammoth");
        }
    }
}

#[test]
fn the_boxes_hold_what_the_actors_change() {
    let pack = Pack::parse(tiny_pack()).expect("our own pack");
    let format = Format {
        width: 64,
        height: 48,
        frames: 3,
        fps: 8.0,
    };
    let mut record = records(1, Split::Train).remove(0);
    record.actor.kind = actors::all()[0].key.to_owned();
    record.action = Action::Stands;
    record.place = Place::Meadow;
    record.time = Time::Day;
    record.weather = Weather::Clear;
    let frames = render(&record, &pack, &format).expect("a frame");
    let boxes = boxes(&record, &pack, &format).expect("boxes");
    assert_eq!(boxes.len(), format.frames);
    for (frame, boxes) in frames.chunks(64 * 48 * 3).zip(&boxes) {
        assert_eq!(boxes.len(), record.actor.count as usize);
        let inside = |x: usize, y: usize| {
            let (x, y) = ((x as f32 + 0.5) / 64.0, (y as f32 + 0.5) / 48.0);
            let margin = 1.5 / 48.0;
            boxes.iter().any(|[left, top, right, bottom]| {
                (left - margin..right + margin).contains(&x)
                    && (top - margin..bottom + margin).contains(&y)
            })
        };
        // The red of the disc is nowhere else in a green meadow by day.
        let red = |x: usize, y: usize| {
            let at = (y * 64 + x) * 3;
            frame[at] > 150 && frame[at + 1] < 90
        };
        let all: Vec<_> = (0..48).flat_map(|y| (0..64).map(move |x| (x, y))).collect();
        let seen: Vec<_> = all.iter().filter(|&&(x, y)| red(x, y)).collect();
        assert!(seen.len() > 20, "{} red pixels", seen.len());
        let held = seen.iter().filter(|&&&(x, y)| inside(x, y)).count();
        assert!(held * 20 >= seen.len() * 19, "{held} of {}", seen.len());
    }
}
