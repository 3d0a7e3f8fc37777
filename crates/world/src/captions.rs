//! What a scene is called: many wordings in English and Chinese.

use crate::record::SceneRecord;
use crate::rng::{Dice, hash};
use crate::vocabulary::{Action, Camera, Direction, Place, Surface, Time, Weather};

/// One wording in each language.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Captions {
    pub en: String,
    pub zh: String,
}

/// Draws a wording of the whole record in both languages (independently of each other).
pub fn captions(record: &SceneRecord, dice: &mut Dice) -> Captions {
    let (first, then) = (record.action, record.then);
    Captions {
        en: english(record, first, then, dice),
        zh: chinese(record, first, then, dice),
    }
}

/// Wordings of the two halves, for storyboards; both the whole if the record has one action.
pub fn segment_captions(record: &SceneRecord, dice: &mut Dice) -> [Captions; 2] {
    [record.action, record.then.unwrap_or(record.action)].map(|action| Captions {
        en: english(record, action, None, dice),
        zh: chinese(record, action, None, dice),
    })
}

/// The generator of a record's own wordings; `salt` numbers them.
pub fn wording(record: &SceneRecord, salt: u64) -> Dice {
    Dice::new(hash(&[record.seed, 0x0063_6170, salt]))
}

/// The actor's noun: mostly the name, sometimes a synonym.
fn noun<'a>(words: &[&'a str], dice: &mut Dice) -> &'a str {
    if words.len() == 1 || dice.chance(0.55) {
        words[0]
    } else {
        words[1 + dice.below(words.len() - 1)]
    }
}

fn english(record: &SceneRecord, action: Action, then: Option<Action>, dice: &mut Dice) -> String {
    let actor = record.actor_entry();
    let many = record.actor.count > 1;
    let noun = noun(actor.en, dice);
    let subject = match record.actor.count {
        1 if dice.chance(0.85) => format!("{} {noun}", article(noun)),
        1 => format!("the {noun}"),
        2 => format!("two {}", plural(noun)),
        _ => format!("three {}", plural(noun)),
    };
    let way = record.direction;
    let place = pick(english_places(record.place, action), dice);
    let mut verb = english_verb(action, record.place, many, dice);
    if says_direction(record, action, dice) {
        verb = format!("{verb} {}", english_direction(action, way, dice));
    }
    if let Some(next) = then {
        let second = english_verb(next, record.place, many, dice);
        let link = pick(&["and then", "then", ", then"], dice);
        verb = format!("{verb} {link} {second}").replace(" ,", ",");
    }
    let mut sentence = if dice.chance(0.08) && then.is_none() {
        format!("{place}, {subject} {verb}")
    } else if dice.chance(0.10) && then.is_none() {
        // A noun phrase: "a frog jumping in the snow".
        let base = english_ing(action, dice);
        format!("{subject} {base} {place}")
    } else {
        format!("{subject} {verb} {place}")
    };
    if record.time != Time::Day && always_says(record, dice, 0.75)
        || record.time == Time::Day && record.place.times().len() > 1 && dice.chance(0.15)
    {
        let words: &[&str] = match record.time {
            Time::Day => &["during the day", "in daylight", "by day"],
            Time::Sunset => &["at sunset", "at dusk", "in the evening light", "at golden hour"],
            Time::Night => &["at night", "in the moonlight", "at nighttime"],
        };
        if !record.place.times().contains(&Time::Day) {
            // Night skies say so themselves.
        } else {
            sentence = format!("{sentence} {}", pick(words, dice));
        }
    }
    let weather: Option<&[&str]> = match record.weather {
        Weather::Clear => {
            (dice.chance(0.06) && record.place.has_weather()).then_some(&["clear weather", "on a clear day"][..1])
        }
        Weather::Rain => Some(&["in the rain", "while it rains", "rainy weather"]),
        Weather::Snowfall => Some(&["while snow falls", "in falling snow", "snowing"]),
        Weather::Fog => Some(&["in the fog", "in thick mist", "foggy weather"]),
    };
    if let Some(words) = weather
        && always_says(record, dice, 0.8)
    {
        let word = pick(words, dice);
        let comma = if word.starts_with("in ") || word.starts_with("while") { "" } else { "," };
        sentence = format!("{sentence}{comma} {word}");
    }
    let camera: &[&str] = match record.camera {
        Camera::Static => &["static shot", "medium shot", "still camera"],
        Camera::PanLeft => &["the camera pans left", "camera pans left", "pan left"],
        Camera::PanRight => &["the camera pans right", "camera pans right", "pan right"],
        Camera::ZoomIn => &["the camera zooms in", "zoom in", "slow zoom in"],
        Camera::ZoomOut => &["the camera zooms out", "zoom out", "slow zoom out"],
        Camera::WideAngle => &["wide-angle shot", "wide-angle shot", "wide shot", "long shot"],
        Camera::CloseUp => &["close-up", "close-up shot", "close shot"],
        Camera::Follow => &["tracking shot", "the camera follows", "follow shot"],
    };
    let says = if record.camera == Camera::Static { 0.10 } else { 0.8 };
    if dice.chance(says) {
        let shot = pick(camera, dice);
        let framing = matches!(record.camera, Camera::WideAngle | Camera::CloseUp);
        sentence = if framing && dice.chance(0.25) {
            format!("{} {} of {sentence}", article(shot), shot)
        } else if dice.chance(0.08) {
            format!("{shot}, {sentence}")
        } else {
            format!("{sentence}, {shot}")
        };
    }
    if dice.chance(0.15) {
        let mut letters = sentence.chars();
        if let Some(first) = letters.next() {
            sentence = first.to_uppercase().chain(letters).collect();
        }
        sentence.push('.');
    }
    sentence
}

/// Details are mostly told, sometimes left out.
fn always_says(_record: &SceneRecord, dice: &mut Dice, probability: f32) -> bool {
    dice.chance(probability)
}

fn says_direction(record: &SceneRecord, action: Action, dice: &mut Dice) -> bool {
    let side = record.actor_entry().faces_sideways();
    match action {
        _ if action.travels() => dice.chance(0.45),
        Action::Stands => side && dice.chance(0.22),
        Action::Turns => side && dice.chance(0.35),
        _ => false,
    }
}

fn english_direction(action: Action, way: Direction, dice: &mut Dice) -> &'static str {
    match (action, way) {
        (Action::Stands, Direction::Left) => pick(&["facing left", "looking to the left"], dice),
        (Action::Stands, Direction::Right) => pick(&["facing right", "looking to the right"], dice),
        (_, Direction::Left) => pick(&["to the left", "left", "towards the left"], dice),
        (_, Direction::Right) => pick(&["to the right", "right", "towards the right"], dice),
    }
}

fn english_verb(action: Action, place: Place, many: bool, dice: &mut Dice) -> String {
    let one: &[&str] = match action {
        Action::Stands => match place.surface() {
            Surface::Submerged => &["rests", "stays"],
            _ => &["stands", "stands", "stands", "waits", "rests", "is standing"],
        },
        Action::Walks => &["walks", "walks", "walks", "strolls", "is walking"],
        Action::Runs => &["runs", "runs", "races", "is running"],
        Action::Jumps => &["jumps", "jumps", "hops", "leaps", "is jumping"],
        Action::Flies => &["flies", "flies", "soars", "is flying"],
        Action::Swims => &["swims", "swims", "floats", "is swimming"],
        Action::Turns => &["turns around", "turns", "is turning around"],
        Action::Falls => &["falls", "falls down", "drops", "is falling"],
        Action::Grows => &["grows", "gets bigger", "grows bigger", "is growing"],
        Action::ComesCloser => &["comes closer", "approaches", "comes towards us", "is coming closer"],
        Action::Spins => &["spins", "spins around", "rolls over", "is spinning"],
    };
    let text = pick(one, dice);
    if !many {
        return text.to_string();
    }
    // "walks around" → "walk around", "is walking" → "are walking".
    let (head, tail) = text.split_once(' ').unwrap_or((text, ""));
    let head = match head {
        "is" => "are".to_string(),
        "flies" => "fly".to_string(),
        "approaches" => "approach".to_string(),
        other => other.strip_suffix('s').unwrap_or(other).to_string(),
    };
    if tail.is_empty() { head } else { format!("{head} {tail}") }
}

fn english_ing(action: Action, dice: &mut Dice) -> &'static str {
    match action {
        Action::Stands => pick(&["standing", "resting"], dice),
        Action::Walks => pick(&["walking", "strolling"], dice),
        Action::Runs => pick(&["running", "racing"], dice),
        Action::Jumps => pick(&["jumping", "hopping"], dice),
        Action::Flies => pick(&["flying", "soaring"], dice),
        Action::Swims => pick(&["swimming", "floating"], dice),
        Action::Turns => "turning around",
        Action::Falls => pick(&["falling", "falling down"], dice),
        Action::Grows => pick(&["growing", "getting bigger"], dice),
        Action::ComesCloser => pick(&["coming closer", "approaching"], dice),
        Action::Spins => pick(&["spinning", "rolling over"], dice),
    }
}

fn english_places(place: Place, _action: Action) -> &'static [&'static str] {
    match place {
        Place::Desert => &["in the desert", "in the desert", "in a desert", "among sand dunes", "in the sandy desert"],
        Place::Beach => &["on the beach", "on the beach", "at the beach", "on a sandy beach", "on the seashore"],
        Place::Snow => &["in the snow", "in the snow", "on a snowy field", "on the snowfield", "in a winter landscape"],
        Place::Meadow => &["in a meadow", "in the meadow", "on the grass", "on the grassland", "in a green field"],
        Place::Forest => &["in the forest", "in a forest", "in the woods", "in the woodland"],
        Place::River => &["in a stream", "in a stream", "in the stream", "in the river", "in a river", "in a creek", "in shallow water"],
        Place::Sea => &["in the sea", "in the sea", "in the ocean", "on the open sea", "among the waves"],
        Place::City => &["in the city", "in the city", "in a city", "on the street", "in town"],
        Place::NightSky => &["in the night sky", "in the night sky", "in the starry sky", "on moonlit clouds"],
        Place::Space => &["in space", "in space", "in outer space", "on the moon"],
        Place::Mountains => &["in the mountains", "in the mountains", "below snowy peaks", "in a mountain valley"],
        Place::Volcano => &["by a volcano", "at the volcano", "near the volcano", "on a lava field"],
        Place::Village => &["in the village", "in a village", "in the countryside", "on a farm"],
        Place::Underwater => &["underwater", "underwater", "on the seabed", "at a coral reef", "at the bottom of the sea"],
        Place::Sky => &["in the sky", "in the sky", "on the clouds", "in the blue sky"],
    }
}

fn chinese(record: &SceneRecord, action: Action, then: Option<Action>, dice: &mut Dice) -> String {
    let actor = record.actor_entry();
    let noun = noun(actor.zh, dice);
    let measure = actor.measure;
    let subject = match record.actor.count {
        1 if dice.chance(0.6) => format!("一{measure}{noun}"),
        1 => noun.to_string(),
        2 => format!("两{measure}{noun}"),
        _ => format!("三{measure}{noun}"),
    };
    let place = pick(chinese_places(record.place), dice);
    let mut way = String::new();
    let mut facing = String::new();
    if says_direction(record, action, dice) {
        let side = if record.direction == Direction::Left { "左" } else { "右" };
        if action == Action::Stands {
            facing = format!("，面朝{side}边");
        } else {
            way = format!("{}{side}", pick(&["向", "往", "朝"], dice));
        }
    }
    let mut time = "";
    if record.place.times().contains(&Time::Day) {
        let told = if record.time == Time::Day { 0.12 } else { 0.75 };
        if record.place.times().len() > 1 && dice.chance(told) {
            time = match record.time {
                Time::Day => pick(&["白天", "白天里"], dice),
                Time::Sunset => pick(&["黄昏时", "日落时", "傍晚", "夕阳下"], dice),
                Time::Night => pick(&["夜晚", "夜里", "月光下"], dice),
            };
        }
    }
    // Verbs of place may lead: 站在溪流中.
    let leads: Option<&str> = match action {
        Action::Stands if record.place != Place::Underwater => Some("站在"),
        Action::Walks => Some("走在"),
        Action::Runs => Some("跑在"),
        Action::Flies => Some("飞在"),
        _ => None,
    };
    let verb = chinese_verb(action, &way, dice);
    let mut core = match leads {
        Some(lead) if way.is_empty() && then.is_none() && dice.chance(if action == Action::Stands { 0.6 } else { 0.12 }) => {
            format!("{subject}{lead}{place}")
        }
        _ if dice.chance(0.10) && then.is_none() => format!("{place}，{subject}{verb}"),
        _ => format!("{subject}在{place}{verb}"),
    };
    if let Some(next) = then {
        let link = pick(&["，然后", "，接着", "，随后"], dice);
        core = format!("{core}{link}{}", chinese_verb(next, "", dice));
    }
    core.push_str(&facing);
    if !time.is_empty() {
        core = if dice.chance(0.7) {
            format!("{time}，{core}").replacen(
                "，",
                if dice.chance(0.5) { "，" } else { "" },
                1,
            )
        } else {
            format!("{core}，{time}")
        };
    }
    let weather: &[&str] = match record.weather {
        Weather::Clear => &[],
        Weather::Rain => &["下着雨", "雨天", "雨中"],
        Weather::Snowfall => &["下着雪", "雪花飘落", "飘着雪"],
        Weather::Fog => &["有雾", "大雾", "薄雾弥漫"],
    };
    if !weather.is_empty() && dice.chance(0.8) {
        core = format!("{core}，{}", pick(weather, dice));
    }
    let camera: &[&str] = match record.camera {
        Camera::Static => &["固定镜头", "中景", "静止镜头"],
        Camera::PanLeft => &["镜头左移", "镜头向左平移", "左摇镜头"],
        Camera::PanRight => &["镜头右移", "镜头向右平移", "右摇镜头"],
        Camera::ZoomIn => &["镜头推近", "推镜头", "镜头拉近"],
        Camera::ZoomOut => &["镜头拉远", "拉镜头", "镜头拉开"],
        Camera::WideAngle => &["广角镜头", "广角镜头", "远景", "广角拍摄"],
        Camera::CloseUp => &["特写", "特写镜头", "近景"],
        Camera::Follow => &["跟拍", "跟拍镜头", "镜头跟随"],
    };
    let says = if record.camera == Camera::Static { 0.10 } else { 0.8 };
    if dice.chance(says) {
        let shot = pick(camera, dice);
        core = if dice.chance(0.12) {
            format!("{shot}，{core}")
        } else if dice.chance(0.2) && shot.ends_with("镜头") {
            format!("{core}，{shot}拍摄")
        } else {
            format!("{core}，{shot}")
        };
    }
    if dice.chance(0.15) {
        core.push('。');
    }
    core
}

fn chinese_verb(action: Action, way: &str, dice: &mut Dice) -> String {
    let words: &[&str] = match (action, way.is_empty()) {
        (Action::Stands, _) => &["站立", "站着", "停留"],
        (Action::Walks, true) => &["行走", "行走", "漫步", "走路", "走着"],
        (Action::Walks, false) => &["走", "行走", "走去"],
        (Action::Runs, true) => &["奔跑", "奔跑", "飞奔", "跑步"],
        (Action::Runs, false) => &["跑", "奔跑", "飞奔"],
        (Action::Jumps, _) => &["跳跃", "蹦跳", "跳起来", "跳"],
        (Action::Flies, true) => &["飞翔", "飞行", "飞", "翱翔"],
        (Action::Flies, false) => &["飞", "飞行", "飞去"],
        (Action::Swims, true) => &["游泳", "游动", "游", "漂浮"],
        (Action::Swims, false) => &["游", "游动", "游去"],
        (Action::Turns, _) => &["转身", "掉头", "回头"],
        (Action::Falls, _) => &["落下", "掉落", "从空中落下", "跌落"],
        (Action::Grows, _) => &["变大", "长大", "慢慢变大"],
        (Action::ComesCloser, _) => &["走近", "靠近", "慢慢靠近", "迎面而来"],
        (Action::Spins, _) => &["旋转", "打转", "翻滚"],
    };
    format!("{way}{}", pick(words, dice))
}

fn chinese_places(place: Place) -> &'static [&'static str] {
    match place {
        Place::Desert => &["沙漠中", "沙漠里", "沙丘间", "大漠中"],
        Place::Beach => &["沙滩上", "海滩上", "海边"],
        Place::Snow => &["雪地里", "雪地上", "雪原上", "冰天雪地中"],
        Place::Meadow => &["草地上", "草原上", "草坪上"],
        Place::Forest => &["森林里", "森林中", "树林里", "树林中"],
        Place::River => &["溪流中", "小溪里", "小河里", "河水中", "浅水中"],
        Place::Sea => &["大海里", "大海中", "海面上", "海洋中", "海浪中"],
        Place::City => &["城市里", "城市中", "街道上", "街头"],
        Place::NightSky => &["夜空中", "夜空里", "星空下", "月夜云海上"],
        Place::Space => &["太空中", "太空里", "宇宙中", "月球上"],
        Place::Mountains => &["群山中", "雪山下", "山谷里", "高山上"],
        Place::Volcano => &["火山旁", "火山边", "熔岩地上"],
        Place::Village => &["村庄里", "乡村里", "农场上"],
        Place::Underwater => &["水下", "海底", "珊瑚礁旁"],
        Place::Sky => &["天空中", "天空里", "云端", "蓝天上"],
    }
}

fn pick<'a>(words: &[&'a str], dice: &mut Dice) -> &'a str {
    words[dice.below(words.len())]
}

/// "a" or "an", by sound.
pub fn article(noun: &str) -> &'static str {
    let lower = noun.to_lowercase();
    let long_u = ["unicorn", "ufo", "ewe", "uni"].iter().any(|p| lower.starts_with(p));
    if !long_u && lower.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// The plural of a noun phrase.
pub fn plural(noun: &str) -> String {
    const SAME: &[&str] = &["fish", "sheep", "deer", "bison", "moose", "angelfish", "spacecraft", "salmon", "jellyfish", "shrimp", "squid", "goldfish", "pufferfish", "blowfish"];
    const ODD: &[(&str, &str)] = &[
        ("goose", "geese"), ("mouse", "mice"), ("wolf", "wolves"), ("snowman", "snowmen"),
        ("calf", "calves"), ("man", "men"), ("person", "people"), ("ox", "oxen"), ("woman", "women"),
        ("leaf", "leaves"), ("elf", "elves"), ("fireman", "firemen"), ("policeman", "policemen"),
    ];
    let (front, last) = noun.rsplit_once(' ').map_or(("", noun), |(f, l)| (f, l));
    let many = if SAME.contains(&last) {
        last.to_string()
    } else if let Some((_, many)) = ODD.iter().find(|(one, _)| *one == last) {
        (*many).to_string()
    } else if let Some(stem) = last.strip_suffix('y').filter(|s| !s.ends_with(['a', 'e', 'o', 'u'])) {
        format!("{stem}ies")
    } else if last.ends_with(['s', 'x', 'z']) || last.ends_with("ch") || last.ends_with("sh") {
        format!("{last}es")
    } else {
        format!("{last}s")
    };
    if front.is_empty() { many } else { format!("{front} {many}") }
}
