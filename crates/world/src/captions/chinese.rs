//! Chinese sentences.

use super::{noun as choose_noun, pick, says_camera, says_direction};
use crate::record::SceneRecord;
use crate::rng::Dice;
use crate::vocabulary::{Action, Camera, Direction, Place, Time, Weather};

pub(super) fn sentence(
    record: &SceneRecord,
    action: Action,
    then: Option<Action>,
    dice: &mut Dice,
) -> String {
    let actor = record.actor_entry();
    let noun = &dress(record, choose_noun(actor.zh, dice), dice);
    let measure = actor.measure;
    let subject = match record.actor.count {
        1 if dice.chance(0.6) => format!("一{measure}{noun}"),
        1 => noun.to_string(),
        2 => format!("两{measure}{noun}"),
        _ => format!("三{measure}{noun}"),
    };
    let place = pick(places(record.place), dice);
    let mut way = String::new();
    let mut facing = String::new();
    if says_direction(record, action, dice) {
        let side = if record.direction == Direction::Left {
            "左"
        } else {
            "右"
        };
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
        Action::Stands if super::is_thing(record) => Some("停在"),
        Action::Stands if record.place != Place::Underwater => Some("站在"),
        Action::Walks => Some("走在"),
        Action::Runs => Some("跑在"),
        Action::Flies => Some("飞在"),
        _ => None,
    };
    let object = object(record, dice);
    let verb = if action.takes_two() {
        deed(record, action, &object, dice)
    } else {
        verb_phrase(action, &way, dice)
    };
    let mut core = match leads {
        Some(lead)
            if way.is_empty()
                && then.is_none()
                && dice.chance(if action == Action::Stands { 0.6 } else { 0.12 }) =>
        {
            format!("{subject}{lead}{place}")
        }
        _ if dice.chance(0.10) && then.is_none() => format!("{place}，{subject}{verb}"),
        _ => format!("{subject}在{place}{verb}"),
    };
    if let Some(next) = then {
        let link = pick(&["，然后", "，接着", "，随后"], dice);
        core = format!("{core}{link}{}", verb_phrase(next, "", dice));
    }
    core.push_str(&facing);
    if !time.is_empty() {
        core = if dice.chance(0.7) {
            format!("{time}，{core}").replacen("，", if dice.chance(0.5) { "，" } else { "" }, 1)
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
        Camera::Aerial => &["航拍镜头", "航拍", "俯拍", "鸟瞰"],
        Camera::LowAngle => &["低角度镜头", "仰拍", "低角度"],
        Camera::Orbit => &["环绕镜头", "镜头环绕", "环绕拍摄"],
        Camera::DollyIn => &["镜头缓缓推进", "推轨镜头", "镜头前移"],
        Camera::DollyOut => &["镜头缓缓后退", "后拉镜头", "镜头后移"],
        Camera::TiltUp => &["镜头上摇", "镜头上仰", "上摇镜头"],
        Camera::TiltDown => &["镜头下摇", "镜头下俯", "下摇镜头"],
        Camera::Handheld => &["手持镜头", "手持拍摄", "晃动镜头"],
    };
    if says_camera(record, dice) {
        let shot = pick(camera, dice);
        core = if dice.chance(0.12) {
            format!("{shot}，{core}")
        } else if dice.chance(0.2) && shot.ends_with("镜头") {
            format!("{core}，{shot}拍摄")
        } else {
            format!("{core}，{shot}")
        };
    }
    if let Some(style) = super::style(record, dice) {
        let word = pick(style.words().zh, dice);
        core = if dice.chance(0.4) {
            format!("{word}风格，{core}").replace("风格风格", "风格")
        } else {
            format!("{core}，{word}")
        };
    }
    if dice.chance(0.15) {
        core.push('。');
    }
    core
}

/// The noun with its colours: 黑色的马, 黄尾巴的白色的鹤.
fn dress(record: &SceneRecord, noun: &str, dice: &mut Dice) -> String {
    let Some(solid) = &record.solid else {
        return noun.to_string();
    };
    let mut text = noun.to_string();
    if let Some(coat) = super::coat(record)
        && !coat.zh.is_empty()
        && dice.chance(0.75)
    {
        let colour = coat.zh.trim_end_matches('色');
        text = format!("{colour}色的{text}");
    }
    if let Some(body) = solid.body {
        let bare = COLOURS.iter().find_map(|colour| text.strip_prefix(colour));
        text = format!("{}的{}", body.words().zh[0], bare.unwrap_or(&text));
    }
    if let Some(tail) = solid.tail {
        text = format!("{}尾巴的{text}", tail.words().zh[0]);
    }
    text
}

/// How nouns begin that name a colour which one of the record replaces.
const COLOURS: &[&str] = &["白色的", "白", "粉红"];

/// The second actor: 一匹黑色的马.
fn object(record: &SceneRecord, dice: &mut Dice) -> String {
    let Some((actor, coat)) = super::partner(record) else {
        return String::new();
    };
    let noun = choose_noun(actor.zh, dice);
    let colour = match coat {
        Some(coat) if !coat.zh.is_empty() && dice.chance(0.6) => {
            format!("{}色的", coat.zh.trim_end_matches('色'))
        }
        _ => String::new(),
    };
    format!("一{}{colour}{noun}", actor.measure)
}

/// What takes two.
fn deed(record: &SceneRecord, action: Action, object: &str, dice: &mut Dice) -> String {
    let parts: &[(&str, &str)] = match action {
        Action::Chases if !super::on_feet(record) => &[("追赶", ""), ("追逐", ""), ("追捕", "")],
        Action::Follows if !super::on_feet(record) => &[("跟着", ""), ("跟随", ""), ("尾随", "")],
        Action::Chases => &[("追赶", ""), ("追逐", ""), ("追着", "跑")],
        Action::Follows => &[("跟着", "走"), ("跟随", ""), ("跟在", "后面")],
        Action::Meets => &[("遇见", ""), ("与", "相遇"), ("迎面遇上", "")],
        Action::Fights => &[("与", "搏斗"), ("和", "打架"), ("与", "争斗")],
        _ => &[("绕着", "走"), ("围着", "转圈"), ("绕着", "行走")],
    };
    let (before, after) = parts[dice.below(parts.len())];
    format!("{before}{object}{after}")
}

fn verb_phrase(action: Action, way: &str, dice: &mut Dice) -> String {
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
        (Action::Eats, _) => &["吃东西", "进食", "觅食"],
        (Action::Attacks, _) => &["攻击", "进攻", "扑击"],
        (Action::Fishes, _) => &["捕鱼", "把头伸进水里叼起一条鱼", "抓到一条鱼"],
        (Action::GoesAway, _) => &["走远", "离开", "远去", "渐渐远去"],
        (Action::TakesOff, _) => &["起飞", "飞起来", "腾空而起"],
        (Action::Lands, _) => &["降落", "落地", "飞落"],
        (Action::Bounces, _) => &["弹跳", "弹来弹去", "上下弹跳"],
        (Action::Rolls, true) => &["滚动", "滚来滚去", "滚过"],
        (Action::Rolls, false) => &["滚动", "滚去", "滚"],
        (Action::Drives, true) => &["行驶", "开过", "驶过"],
        (Action::Drives, false) => &["行驶", "开", "驶去"],
        (Action::Sails, true) => &["航行", "行驶", "漂行"],
        (Action::Sails, false) => &["航行", "驶去", "行驶"],
        (Action::Rises, _) => &["上升", "升起", "缓缓升空"],
        (Action::Burns, _) => &["燃烧", "着火", "熊熊燃烧"],
        (Action::Sprays, _) => &["喷水", "喷涌", "喷出水花"],
        (
            Action::Chases | Action::Follows | Action::Meets | Action::Fights | Action::Circles,
            _,
        ) => &["在一起"],
    };
    format!("{way}{}", pick(words, dice))
}

pub(super) fn places(place: Place) -> &'static [&'static str] {
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
        Place::Savanna => &["稀树草原上", "非洲草原上", "热带草原上"],
        Place::Lake => &["湖边", "湖中", "湖水中"],
        Place::Swamp => &["沼泽中", "沼泽里", "湿地里"],
        Place::Jungle => &["丛林中", "丛林里", "热带雨林中"],
        Place::Autumn => &["秋林中", "秋天的树林里", "金色的森林里"],
        Place::Canyon => &["峡谷中", "峡谷里", "红色岩石间"],
        Place::Ice => &["冰原上", "冰面上", "北极冰面上"],
        Place::Flowers => &["花田里", "花丛中", "花海中"],
        Place::Oasis => &["绿洲中", "绿洲里", "棕榈绿洲旁"],
        Place::Field => &["农田里", "田野上", "麦田里"],
        Place::Sky => &["天空中", "天空里", "云端", "蓝天上"],
    }
}
