//! What is refused or warned of, in sentences that name the card.

use std::sync::Arc;

use kinora_engine::board::{Board, Card, Curve, Gap, Source, Strength, tools};
use kinora_engine::{Compute, Model, Plan, Result};
use kinora_media::Frame;
use kinora_models::MINI;

use super::{MANIFEST, Studio, model_of};

/// As the tiny model, but without a vocabulary, as the open-weights models are.
fn bare() -> Arc<Model> {
    let mut files: Vec<(&'static str, &'static [u8])> = MINI.to_vec();
    files.retain(|(name, _)| !["kinora.json", "vocabulary.json"].contains(name));
    files.push(("kinora.json", MANIFEST));
    Arc::new(Model::embedded("tiny", files.leak()).unwrap())
}

fn plan_with(studio: &Studio, model: Arc<Model>, board: Board) -> Result<Plan> {
    Plan::resolve(board.into(), model, Compute::cpu(), &studio.path("out.mp4"))
}

fn picture(studio: &Studio) -> std::path::PathBuf {
    let image = studio.path("i.png");
    kinora_media::write_image(&image, &Frame::filled(64, 64, [9; 3]).unwrap()).unwrap();
    image
}

#[test]
fn texts_that_fight_are_named_for_every_model_card_and_kind() {
    let studio = Studio::new();
    let notes = |model: Arc<Model>, board: Board| -> Vec<String> {
        let notes = plan_with(&studio, model, board).unwrap().notes;
        notes
            .into_iter()
            .filter(|note| note.contains("one shot"))
            .collect()
    };
    let says = |cards: &[(&str, Gap)]| {
        let cards = (0..).zip(cards).map(|(i, (text, gap))| Card {
            gap: *gap,
            ..Card::text(f64::from(i) * 2.0, *text)
        });
        Board {
            cards: cards.collect(),
            ..Board::new(8.0, "")
        }
    };
    let (flow, cut) = (Gap::Flow, Gap::Cut);
    let board = says(&[
        ("a desert by day", flow),
        ("a forest", flow),
        ("the forest at night", flow),
    ]);
    for model in [super::model(), bare()] {
        let all = notes(model, board.clone());
        let said = |words: [&str; 2]| {
            all.iter()
                .any(|note| words.iter().all(|w| note.contains(w)))
        };
        assert!(
            said(["card 1 at 0 s says desert", "card 2 at 2 s says forest"]),
            "{all:?}"
        );
        assert!(
            said(["card 1 at 0 s says day", "card 3 at 4 s says"]),
            "{all:?}"
        );
        assert_eq!(all.len(), 2, "{all:?}");
    }
    // A cut begins another shot, but the scene holds in all of them.
    let shots = says(&[("a frog in the desert", flow), ("a frog in a forest", cut)]);
    assert_eq!(notes(bare(), shots.clone()), [""; 0]);
    let shots = Board {
        prompt: "the sea".into(),
        ..shots
    };
    let all = notes(bare(), shots);
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|note| !note.contains("set gap")), "{all:?}");
    // The style speaks too.
    let styled = Board {
        style: Some("film-noir".into()),
        ..says(&[("a frog made of cardboard", flow)])
    };
    let all = notes(bare(), styled);
    assert!(
        all[0].contains("the style film-noir says film noir, card 1 at 0 s says paper"),
        "{all:?}"
    );
}

#[test]
fn near_is_what_the_models_latents_and_rate_make_it() {
    let studio = Studio::new();
    let image = picture(&studio);
    let slow = br#"{"native": {"1:1": [64, 64]}, "fps": 8}"#;
    let fast = br#"{"native": {"1:1": [64, 64]}, "fps": 24}"#;
    let latent = super::model().geometry.temporal as f64;
    for (manifest, fps) in [(&slow[..], 8.0), (&fast[..], 24.0)] {
        let near = |gap: f64| {
            let board = Board::new(6.0, "a frog")
                .with_card(Card::image(1.0, &image))
                .with_card(Card::image(1.0 + gap, &image));
            let notes = plan_with(&studio, model_of(manifest), board).unwrap().notes;
            notes.iter().any(|note| note.contains("apart"))
        };
        let bridged = 2.0 * latent / fps;
        assert!(near(bridged - 0.1) && !near(bridged + 0.1), "{fps}");
    }
    let notes = |board: Board| studio.plan(board, "out.mp4").unwrap().notes.join("\n");
    let texts = Board::new(4.0, "")
        .with_card(Card::text(0.0, "a frog"))
        .with_card(Card::text(0.2, "a lion"));
    let said = notes(texts.clone());
    assert!(
        said.contains("card 1 at 0 s and card 2 at 0.2 s are 0.2 s apart"),
        "{said}"
    );
    let mut cut = texts;
    cut.cards[1].gap = Gap::Cut;
    assert!(!notes(cut).contains("apart"));
    // Footage that touches footage is joined as it is; a picture that touches it has to be drawn.
    let clip = studio.clip("a.mp4", 30);
    let touching = |card: Card| {
        notes(
            Board::new(3.0, "a frog")
                .with_card(Card::clip(0.0, &clip, 0.0, 1.0))
                .with_card(card),
        )
    };
    assert!(!touching(Card::clip(1.0, &clip, 0.0, 1.0)).contains("apart"));
    assert!(touching(Card::image(1.0, &image)).contains("card 1 at 0 s and card 2 at 1 s"));
}

#[test]
fn two_pictures_at_one_moment_are_refused() {
    let studio = Studio::new();
    let image = picture(&studio);
    let board = |second: Card| {
        let first = Card::image(1.0, &image);
        Board::new(4.0, "a frog")
            .with_card(Card::text(1.0, "it jumps"))
            .with_card(first)
            .with_card(second)
    };
    let error = studio
        .plan(board(Card::image(1.001, &image)), "out.mp4")
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("card 2 at 1 s and card 3 at 1.001 s"),
        "{message}"
    );
    assert!(error.is_input());
    studio
        .plan(board(Card::image(3.0, &image)), "out.mp4")
        .unwrap();
}

#[test]
fn damaged_media_name_their_card() {
    let studio = Studio::new();
    let (clip, image) = (studio.clip("a.mp4", 30), picture(&studio));
    let put = |name: &str, bytes: &[u8]| {
        std::fs::write(studio.path(name), bytes).unwrap();
        studio.path(name)
    };
    let head = |file: &std::path::Path| {
        let bytes = std::fs::read(file).unwrap();
        bytes[..64].to_vec()
    };
    let text = || Card::text(0.0, "a frog");
    for (name, bytes) in [
        ("empty.png", Vec::new()),
        ("torn.png", head(&image)),
        ("notes.png", b"no picture".to_vec()),
        ("empty.mp4", Vec::new()),
        ("torn.mp4", head(&clip)),
        ("notes.mp4", b"no clip".to_vec()),
    ] {
        let file = put(name, &bytes);
        let card = match name.ends_with("png") {
            true => Card::image(1.5, &file),
            false => Card::clip(1.5, &file, 0.0, 1.0),
        };
        let board = Board::new(4.0, "a frog").with_card(text()).with_card(card);
        let error = studio.plan(board, "out.mp4").unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("card 2 at 1.5 s: ") && message.contains(name),
            "{message}"
        );
        assert!(error.is_input() && message.contains("; "), "{message}");
    }
}

#[test]
fn a_bad_board_is_refused_in_a_sentence_that_names_the_card() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 60);
    let board = || Board::new(4.0, "a frog");
    let text = |at: f64| Card::text(at, "it sleeps");
    let kept = |at: f64, from: f64, to: f64| Card::clip(at, &clip, from, to);
    let weak = Card {
        strength: 2.0,
        ..Card::image(1.0, &clip)
    };
    let source = |at: f64, to: f64| Source {
        clip: clip.clone(),
        at,
        from: 0.0,
        to,
        strength: Strength::Mild,
        weight: Curve::one(),
        sha256: None,
    };
    let sourced = |source: Source| Board {
        sources: vec![source],
        ..board().with_card(text(0.0))
    };
    let many = (0..10_000).fold(board(), |board, i| {
        board.with_card(text(f64::from(i) / 9999.0))
    });
    let cases = [
        (
            board().with_card(text(0.0)).with_card(text(4.5)),
            "card 2 at 4.5 s",
        ),
        (board().with_card(text(-1.0)), "card 1 at -1 s"),
        (board().with_card(text(f64::NAN)), "card 1 at NaN s"),
        (board().with_card(Card::text(0.0, " ")), "card 1 at 0 s"),
        (
            board().with_card(Card::image(1.0, "/no/such.png")),
            "card 1 at 1 s",
        ),
        (
            board().with_card(Card::clip(1.0, "/no/such.mp4", 0.0, 1.0)),
            "card 1 at 1 s",
        ),
        (board().with_card(weak), "card 1 at 1 s"),
        (
            board()
                .with_card(kept(0.0, 0.0, 2.0))
                .with_card(kept(1.0, 0.0, 1.0)),
            "card 2 at 1 s",
        ),
        (board().with_card(kept(1.0, 0.0, 9.0)), "card 1 at 1 s"),
        (board().with_card(kept(1.0, 1.0, 1.0)), "card 1 at 1 s"),
        (board().with_card(kept(3.0, 0.0, 2.0)), "card 1 at 3 s"),
        (
            board()
                .with_card(kept(0.0, 0.0, 2.0))
                .with_card(Card::image(1.0, &clip)),
            "card 2 at 1 s",
        ),
        (sourced(source(9.0, 1.0)), "source 1"),
        (sourced(source(0.0, 9.0)), "source 1"),
        (many, "card 257 at 0.026 s"),
        (
            Board {
                duration: 0.0,
                ..board().with_card(text(0.0))
            },
            "duration",
        ),
        (
            Board {
                duration: 1e9,
                ..board().with_card(text(0.0))
            },
            "duration",
        ),
        (
            Board {
                size: Some((1, 99_999)),
                ..board().with_card(text(0.0))
            },
            "1x99999",
        ),
    ];
    for (board, word) in cases {
        let cards = board.cards.len();
        let error = studio.plan(board, "out.mp4").unwrap_err();
        let message = error.to_string();
        assert!(message.contains(word), "{word} of {cards}: {message}");
        assert!(error.is_input() || message.contains("no/such"), "{message}");
        assert!(!message.contains('\n') && message.len() < 400, "{message}");
    }
    let still = studio
        .plan(board().with_card(text(0.0)), "out.png")
        .unwrap_err();
    assert!(still.to_string().contains("still"), "{still}");
}

#[test]
fn what_may_go_wrong_is_said_before_the_work() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 30);
    let image = studio.path("i.png");
    kinora_media::write_image(&image, &Frame::filled(64, 64, [9; 3]).unwrap()).unwrap();
    let notes = |board: Board| studio.plan(board, "out.mp4").unwrap().notes.join("\n");
    let near = Board::new(4.0, "a frog")
        .with_card(Card::image(1.0, &image))
        .with_card(Card::image(1.2, &image));
    assert!(notes(near.clone()).contains("card 1 at 1 s and card 2 at 1.2 s"));
    let mut cut = near;
    cut.cards[1] = cut.cards[1].clone().cut();
    assert!(!notes(cut).contains("apart"));
    let torn = Board::new(1.0, "a frog in the desert")
        .with_card(Card::text(0.5, "it swims near the beach"));
    let torn = notes(torn);
    assert!(torn.contains("card 1 at 0.5 s says beach"), "{torn}");
    let long = notes(Board::new(4.0, "").with_card(Card::text(0.0, "a frog in the snow")));
    assert!(long.contains("windows"), "{long}");
    let bare = studio.plan(Board::new(60.0, "a frog"), "out.mp4").unwrap();
    assert_eq!(bare.output.fps.seconds(bare.output.frames), 60.0);
    let mut other = tools::extend(&clip, 0.0, 1.0, Some("a frog")).unwrap();
    other.size = Some((128, 128));
    assert!(notes(other).contains("64x64 at 30 fps"));
}
