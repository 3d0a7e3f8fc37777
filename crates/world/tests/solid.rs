//! Three-dimensional scenes and the readers of foreign files. Needs nothing fetched: the animals here are boxes.

use image::{Rgba, RgbaImage};
use kinora_world::captions::{captions, wording};
use kinora_world::foreign::pmd::{Mesh, Vertex};
use kinora_world::foreign::psa::Clip;
use kinora_world::foreign::{BoneState, dds, pmd, psa};
use kinora_world::pack::{self, Pack};
use kinora_world::record::{SampleOptions, SceneRecord, Split, is_heldout_pair, sample_record};
use kinora_world::render::{Format, boxes, render};
use kinora_world::rng::Dice;
use kinora_world::solid::cast;
use kinora_world::solid::import::Imported;
use kinora_world::solid::places::GROUNDS;
use kinora_world::solid::sample::possible_actions;
use kinora_world::solid::store;
use kinora_world::vocabulary::{Action, Place, Style, Time, Weather};
use proptest::prelude::*;

const AT_REST: BoneState = BoneState {
    shift: [0.0, 1.0, 0.0],
    turn: [0.0, 0.0, 0.0, 1.0],
};

/// A box of one bone, looking along +z.
fn box_mesh() -> Mesh {
    let corner = |i: usize| {
        let pick = |bit: usize, size: f32| if i >> bit & 1 == 1 { size } else { -size };
        let p = [pick(0, 0.3), pick(1, 0.5) + 0.5, pick(2, 0.9)];
        Vertex {
            position: p,
            normal: [0.0, 1.0, 0.0],
            uv: [0.5, 0.5],
            bones: [0; 4],
            weights: [1.0, 0.0, 0.0, 0.0],
        }
    };
    let quads = [
        [0, 1, 3, 2],
        [4, 6, 7, 5],
        [0, 2, 6, 4],
        [1, 5, 7, 3],
        [2, 3, 7, 6],
        [0, 4, 5, 1],
    ];
    let split = |q: [u16; 4]| [[q[0], q[1], q[2]], [q[0], q[2], q[3]]];
    Mesh {
        vertices: (0..8).map(corner).collect(),
        faces: quads.into_iter().flat_map(split).collect(),
        bind: vec![AT_REST],
    }
}

fn still_clip() -> Clip {
    Clip {
        frame_seconds: 1.0 / 30.0,
        bones: 1,
        frames: vec![vec![AT_REST]; 20],
    }
}

/// Every animal a magenta box, every ground grey.
fn box_pack() -> Pack {
    let mut solid = Imported::default();
    let picture = |colour| {
        pack::encode(&RgbaImage::from_pixel(4, 4, Rgba(colour)), "a square").expect("small")
    };
    let model = store::write_model(&box_mesh()).expect("a small mesh");
    let clip = store::write_clip(&still_clip()).expect("a short clip");
    for actor in cast::ALL.iter().filter(|actor| actor.rigged()) {
        solid.models.push((actor.mesh.into(), model.clone()));
        solid
            .clips
            .extend(actor.clips.all().map(|name| (name.into(), clip.clone())));
        let skins = actor.coats.iter().map(|coat| coat.skin.to_string());
        solid
            .pictures
            .extend(skins.map(|skin| (skin, picture([255, 0, 255, 255]))));
    }
    let grounds = GROUNDS.iter().map(|name| name.to_string());
    solid
        .pictures
        .extend(grounds.map(|name| (name, picture([128, 128, 128, 255]))));
    Pack::parse(pack::from_parts(&[], solid).expect("small parts")).expect("our own pack")
}

fn records(count: u64) -> impl Iterator<Item = SceneRecord> {
    let options = SampleOptions {
        solid: 1.0,
        ..SampleOptions::default()
    };
    (0..count).map(move |seed| sample_record(&mut Dice::new(seed), &options))
}

#[test]
fn every_animal_has_names_and_something_to_do() {
    for actor in cast::ALL {
        let entry = kinora_world::actors::find(actor.key);
        assert!(entry.is_some(), "{} is not in the actor table", actor.key);
        let places = Place::ALL
            .iter()
            .filter(|p| !possible_actions(actor, **p).is_empty());
        assert!(places.count() >= 1, "{} has no place", actor.key);
    }
    let animals = cast::ALL.iter().filter(|actor| !actor.made()).count();
    assert!(animals >= 45 && cast::ALL.len() - animals >= 20);
}

#[test]
fn there_are_25_actions_and_places() {
    let mut actions = std::collections::HashSet::new();
    let mut places = std::collections::HashSet::new();
    for actor in cast::ALL {
        for place in Place::ALL {
            let possible = possible_actions(actor, *place);
            places.extend((!possible.is_empty()).then_some(*place));
            actions.extend(possible);
        }
    }
    assert!(actions.len() >= 25, "{actions:?}");
    assert!(places.len() >= 25, "{places:?}");
}

#[test]
fn two_actors_are_told_labelled_and_framed() {
    let pack = box_pack();
    let format = Format {
        width: 64,
        height: 36,
        frames: 4,
        fps: 1.0,
    };
    let mut met = std::collections::HashSet::new();
    for record in records(1500).filter(|r| r.action.takes_two()) {
        let partner = record.partner().expect("it takes two");
        let other = kinora_world::actors::find(&partner.kind).expect("in the table");
        assert_eq!(
            record.labels().partner,
            kinora_world::actors::index(&partner.kind).expect("in the table") as i32
        );
        assert!(!is_heldout_pair(
            &record.actor.kind,
            &partner.kind,
            record.action
        ));
        for salt in 0..8 {
            let words = captions(&record, &mut wording(&record, salt));
            let said = |names: &[&str], text: &str| names.iter().any(|n| text.contains(n));
            assert!(said(other.en, &words.en), "{} of {record:?}", words.en);
            assert!(said(other.zh, &words.zh), "{} of {record:?}", words.zh);
        }
        if met.len() > 40 {
            continue;
        }
        met.insert((record.action, partner.kind.clone()));
        for held in boxes(&record, &pack, &format).expect("all is there") {
            assert_eq!(held.len(), 2);
            assert_ne!(held[0], held[1]);
        }
    }
    let actions: std::collections::HashSet<_> = met.iter().map(|(action, _)| *action).collect();
    assert_eq!(actions.len(), 5, "{actions:?}");
}

#[test]
fn samples_are_solid_and_kept_apart() {
    for split in [Split::Train, Split::Heldout] {
        let options = SampleOptions {
            solid: 1.0,
            split,
            ..SampleOptions::default()
        };
        for seed in 0..600 {
            let record = sample_record(&mut Dice::new(seed), &options);
            assert!(record.solid.is_some());
            assert_eq!(record.heldout(), split == Split::Heldout, "{record:?}");
            let actor = cast::find(&record.actor.kind).expect("in the cast");
            assert!(possible_actions(actor, record.place).contains(&record.action));
        }
    }
}

#[test]
fn a_cast_has_one_look_and_steady_scenes_are_alike() {
    let options = SampleOptions {
        cast: ["mammoth", "crane", "frog"].map(str::to_owned).to_vec(),
        places: 3,
        solid: 0.6,
        steady: true,
        styled: 0.3,
        ..SampleOptions::default()
    };
    let mut seen = std::collections::BTreeSet::new();
    for i in 0..400 {
        let record = sample_record(&mut Dice::new(i), &options);
        // A mammoth has a body, a frog has none: each is always drawn in the same way.
        assert_eq!(record.solid.is_some(), record.actor.kind != "frog");
        assert!(Place::ALL[..3].contains(&record.place));
        assert_eq!(record.actor.position, 0.0);
        assert!(record.style.is_plain() || Style::FLAT.contains(&record.style));
        if let Some(solid) = &record.solid {
            assert!(solid.azimuth.abs() <= 15.0);
        }
        seen.insert(record.actor.kind);
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn the_same_record_gives_the_same_frames() {
    let (pack, other) = (box_pack(), box_pack());
    for (i, record) in records(24).enumerate() {
        let format = Format {
            width: 48,
            height: 32 + 16 * (i % 2),
            frames: 1 + 2 * (i % 2),
            fps: 8.0,
        };
        let text = serde_json::to_string(&record).expect("plain values");
        let again: SceneRecord = serde_json::from_str(&text).expect("what was written");
        assert_eq!(again, record);
        let frames = render(&record, &pack, &format).expect("all is there");
        assert_eq!(
            frames.len(),
            format.frames * format.width * format.height * 3
        );
        assert!(
            frames == render(&again, &other, &format).expect("all is there"),
            "{text}"
        );
        let held = boxes(&record, &pack, &format).expect("all is there");
        assert_eq!(held.len(), format.frames);
        let all = record.actor.count as usize + usize::from(record.partner().is_some());
        assert!(held.iter().all(|b| b.len() == all));
    }
}

#[test]
fn boxes_hold_the_actors_pixels() {
    let pack = box_pack();
    let format = Format {
        width: 96,
        height: 54,
        frames: 4,
        fps: 2.0,
    };
    let mut looked = 0;
    for mut record in records(400) {
        let rigged = cast::find(&record.actor.kind).is_some_and(|a| a.rigged());
        if !rigged || !matches!(record.action, Action::Stands | Action::Walks | Action::Runs) {
            continue;
        }
        record.time = Time::Day;
        record.weather = Weather::Clear;
        record.place = Place::Desert;
        record.style = Style::Plain;
        if record.actor.kind == "mammoth" {
            continue;
        }
        let frames = render(&record, &pack, &format).expect("all is there");
        let all = boxes(&record, &pack, &format).expect("all is there");
        let (mut inside, mut outside) = (0, 0);
        for (frame, held) in frames.chunks(96 * 54 * 3).zip(&all) {
            for (i, p) in frame.chunks(3).enumerate() {
                if p[0] < 70 || p[2] < 70 || i32::from(p[1]) * 2 > i32::from(p[0].min(p[2])) {
                    continue;
                }
                let (x, y) = ((i % 96) as f32 + 0.5, (i / 96) as f32 + 0.5);
                let within = |b: &[f32; 4]| {
                    x > b[0] * 96.0 - 1.5
                        && x < b[2] * 96.0 + 1.5
                        && y > b[1] * 54.0 - 1.5
                        && y < b[3] * 54.0 + 1.5
                };
                if held.iter().any(within) {
                    inside += 1
                } else {
                    outside += 1
                }
            }
        }
        assert!(
            inside > 40,
            "{} hardly seen: {inside} in {record:?}",
            record.actor.kind
        );
        assert_eq!(outside, 0, "{record:?}");
        looked += 1;
    }
    assert!(looked > 50, "{looked}");
}

#[test]
fn styles_change_the_picture() {
    let pack = box_pack();
    let format = Format {
        width: 64,
        height: 36,
        frames: 1,
        fps: 8.0,
    };
    let mut record = records(1).next().expect("one");
    let mut seen = std::collections::HashSet::new();
    for &style in Style::ALL {
        record.style = style;
        assert!(
            seen.insert(render(&record, &pack, &format).expect("all is there")),
            "{style:?}"
        );
    }
}

#[test]
fn a_pack_of_sprites_refuses_solid_scenes() {
    let pack = Pack::parse(pack::from_images(&[]).expect("empty")).expect("our own");
    let record = records(1).next().expect("one");
    let format = Format {
        width: 32,
        height: 32,
        frames: 1,
        fps: 8.0,
    };
    let error = render(&record, &pack, &format).expect_err("no animals there");
    assert!(error.to_string().contains("--art"), "{error}");
}

/// Every clip of every animal at its moments, framed as the sampler frames it; with a real pack.
#[test]
#[ignore = "needs a pack with art: KINORA_WORLD_PACK=… cargo test -- --ignored"]
fn every_animal_stays_in_the_frame() {
    let path = std::env::var_os("KINORA_WORLD_PACK").expect("KINORA_WORLD_PACK names a pack");
    let pack = Pack::open(path.as_ref()).expect("a pack with art");
    let format = Format {
        width: 64,
        height: 36,
        frames: 8,
        fps: 1.6,
    };
    for record in records(1200) {
        let close = [
            "close-up",
            "pan left",
            "pan right",
            "tilt up",
            "tilt down",
            "zoom in",
            "dolly in",
        ];
        if close.contains(&record.camera.name())
            || matches!(record.action, Action::ComesCloser | Action::GoesAway)
        {
            continue;
        }
        for held in boxes(&record, &pack, &format).expect("all is there") {
            let b = held.iter().copied().reduce(|a, b| {
                [
                    a[0].min(b[0]),
                    a[1].min(b[1]),
                    a[2].max(b[2]),
                    a[3].max(b[3]),
                ]
            });
            let b = b.expect("an actor");
            assert!(
                b[0] > -0.15 && b[1] > -0.15 && b[2] < 1.15 && b[3] < 1.15,
                "{b:?} in {record:?}"
            );
            assert!(
                b[2] - b[0] > 0.05 || b[3] - b[1] > 0.05,
                "{b:?} in {record:?}"
            );
        }
    }
}

#[test]
fn a_stored_model_is_what_was_read() {
    let mesh = box_mesh();
    let again = store::read_model(&store::write_model(&mesh).expect("small")).expect("our own");
    assert_eq!(again.faces, mesh.faces);
    for (a, b) in again.vertices.iter().zip(&mesh.vertices) {
        assert!(
            a.position
                .iter()
                .zip(b.position)
                .all(|(x, y)| (x - y).abs() < 1e-3)
        );
        assert_eq!(a.bones, b.bones);
    }
    let clip =
        store::read_clip(&store::write_clip(&still_clip()).expect("small")).expect("our own");
    assert!((clip.seconds - 19.0 / 30.0).abs() < 1e-5);
}

#[test]
fn textures_decode() {
    // One BC1 block: red and blue, the four codes in its first row.
    let mut bytes = b"DDS ".to_vec();
    let mut header = [0u32; 31];
    (header[0], header[2], header[3]) = (124, 4, 4);
    (header[18], header[19], header[20]) = (32, 4, u32::from_le_bytes(*b"DXT1"));
    bytes.extend(header.iter().flat_map(|w| w.to_le_bytes()));
    bytes.extend([0x00, 0xf8, 0x1f, 0x00, 0b1110_0100, 0, 0, 0]);
    let picture = dds::parse(&bytes).expect("a whole file");
    assert_eq!(picture.get_pixel(0, 0).0, [255, 0, 0, 255]);
    assert_eq!(picture.get_pixel(1, 0).0, [0, 0, 255, 255]);
    assert_eq!(picture.get_pixel(2, 0).0, [170, 0, 85, 255]);
    assert_eq!(picture.get_pixel(3, 0).0, [85, 0, 170, 255]);
    bytes.pop();
    assert!(dds::parse(&bytes).is_err());
}

/// A mesh file of one triangle and one bone.
fn mesh_file() -> Vec<u8> {
    let mut b = b"PSMD".to_vec();
    let words = |b: &mut Vec<u8>, w: &[u32]| b.extend(w.iter().flat_map(|v| v.to_le_bytes()));
    let floats = |b: &mut Vec<u8>, w: &[f32]| b.extend(w.iter().flat_map(|v| v.to_le_bytes()));
    words(&mut b, &[4, 0, 3, 1]);
    for i in 0..3 {
        floats(&mut b, &[i as f32, 0.0, 1.0, 0.0, 1.0, 0.0, 0.25, 0.25]);
        b.extend([0, 255, 255, 255]);
        floats(&mut b, &[0.5, 0.0, 0.0, 0.0]);
    }
    words(&mut b, &[1]);
    b.extend([0u16, 1, 2].iter().flat_map(|v| v.to_le_bytes()));
    words(&mut b, &[1]);
    floats(&mut b, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    b
}

#[test]
fn meshes_are_read() {
    let mesh = pmd::parse(&mesh_file()).expect("a whole file");
    assert_eq!(mesh.faces, [[0, 1, 2]]);
    assert_eq!(mesh.vertices[2].position, [2.0, 0.0, 1.0]);
    assert_eq!(mesh.vertices[0].uv, [0.25, 0.75]);
    assert_eq!(mesh.vertices[0].weights, [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(mesh.bind.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0usize..3) {
        let named = |magic: &[u8]| [magic, &bytes[..]].concat();
        let heads: [&[u8]; 3] = [b"PSMD\x04\0\0\0", b"PSSA\x01\0\0\0", b"DDS \x7c\0\0\0"];
        let file = named(heads[kind]);
        let _ = pmd::parse(&file);
        let _ = psa::parse(&file);
        let _ = dds::parse(&file);
        let _ = store::read_model(&bytes);
        let _ = store::read_clip(&bytes);
    }

    #[test]
    fn damaged_meshes_never_panic(at in 0.0f64..1.0, value in any::<u8>(), cut in 0.3f64..1.0) {
        for good in [mesh_file(), store::write_model(&box_mesh()).expect("small")] {
            let mut bytes = good;
            let spot = ((bytes.len() - 1) as f64 * at) as usize;
            bytes[spot] = value;
            if value % 2 == 0 {
                bytes.truncate((bytes.len() as f64 * cut) as usize);
            }
            let _ = pmd::parse(&bytes);
            let _ = store::read_model(&bytes);
        }
    }
}
