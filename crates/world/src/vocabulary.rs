//! What a scene can say: places, times, weather, actions, camera, directions, with their words.

use serde::{Deserialize, Serialize};

/// Words of one entry. The first is its name; all may stand in a prompt.
pub struct Words {
    pub en: &'static [&'static str],
    pub zh: &'static [&'static str],
}

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $en:expr, $zh:expr;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every entry in label order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// Position in `ALL`: the label.
            pub fn id(self) -> usize {
                self as usize
            }

            pub fn words(self) -> Words {
                match self { $($name::$variant => Words { en: &$en, zh: &$zh },)+ }
            }

            /// The English name, e.g. for label files.
            pub fn name(self) -> &'static str {
                self.words().en[0]
            }
        }
    };
}

vocabulary! {
    /// Where the scene plays, best-known first.
    Place {
        Desert = ["desert", "sand dunes", "sandy desert"], ["沙漠", "沙丘", "大漠"];
        Beach = ["beach", "sandy beach", "seashore", "shore"], ["沙滩", "海滩", "海边"];
        Snow = ["snow", "snowy field", "snowfield", "winter landscape"], ["雪地", "雪原", "冰天雪地"];
        Meadow = ["meadow", "grassland", "green field", "grass"], ["草地", "草原", "草坪"];
        Forest = ["forest", "woods", "woodland"], ["森林", "树林", "林间"];
        River = ["stream", "river", "creek", "brook", "shallow water"], ["溪流", "小溪", "河", "小河", "浅水"];
        Sea = ["sea", "ocean", "open sea", "waves"], ["大海", "海", "海洋", "海浪"];
        City = ["city", "street", "town", "downtown"], ["城市", "街道", "街头", "都市"];
        NightSky = ["night sky", "starry sky", "moonlit clouds"], ["夜空", "星空", "月夜云海"];
        Space = ["space", "outer space", "the moon", "the cosmos"], ["太空", "宇宙", "外太空", "月球"];
        Mountains = ["mountains", "snowy peaks", "alps", "mountain valley"], ["群山", "雪山", "山谷", "高山"];
        Volcano = ["volcano", "lava field"], ["火山", "熔岩地"];
        Village = ["village", "countryside", "farm"], ["村庄", "乡村", "农场"];
        Underwater = ["underwater", "coral reef", "seabed", "bottom of the sea"], ["水下", "海底", "珊瑚礁"];
        Sky = ["sky", "clouds", "blue sky"], ["天空", "云端", "蓝天", "云海"];
    }
}

vocabulary! {
    Time {
        Day = ["day", "daytime", "daylight", "noon"], ["白天", "日间", "正午"];
        Sunset = ["sunset", "dusk", "golden hour", "evening"], ["日落", "黄昏", "傍晚", "夕阳"];
        Night = ["night", "nighttime", "moonlight"], ["夜晚", "夜里", "夜间", "月光"];
    }
}

vocabulary! {
    Weather {
        Clear = ["clear", "sunny", "clear weather"], ["晴朗", "晴天"];
        Rain = ["rain", "rainy", "raining"], ["雨", "下雨", "雨天"];
        Snowfall = ["snowfall", "snowing", "falling snow"], ["下雪", "雪花", "飘雪"];
        Fog = ["fog", "foggy", "mist", "misty"], ["雾", "大雾", "薄雾"];
    }
}

vocabulary! {
    Action {
        Stands = ["stands", "standing", "stand", "waits", "rests"], ["站", "站立", "站着", "停留"];
        Walks = ["walks", "walking", "walk", "strolls"], ["走", "行走", "漫步", "走路"];
        Runs = ["runs", "running", "run", "races"], ["跑", "奔跑", "飞奔", "跑步"];
        Jumps = ["jumps", "jumping", "jump", "hops", "leaps"], ["跳", "跳跃", "蹦跳", "跳起"];
        Flies = ["flies", "flying", "fly", "soars"], ["飞", "飞行", "飞翔", "翱翔"];
        Swims = ["swims", "swimming", "swim", "floats", "paddles"], ["游", "游泳", "游动", "漂浮"];
        Turns = ["turns", "turning", "turn", "turns around"], ["转身", "掉头", "回头"];
        Falls = ["falls", "falling", "fall", "drops"], ["落下", "掉落", "坠落", "跌落"];
        Grows = ["grows", "growing", "grow", "gets bigger"], ["变大", "长大", "增大"];
        ComesCloser = ["comes closer", "approaching", "approaches", "comes towards us"], ["走近", "靠近", "走来", "迎面而来"];
        Spins = ["spins", "spinning", "spin", "rolls over"], ["旋转", "打转", "翻滚"];
    }
}

vocabulary! {
    Camera {
        Static = ["static shot", "still camera", "medium shot"], ["固定镜头", "中景", "静止镜头"];
        PanLeft = ["pan left", "camera pans left"], ["镜头左移", "镜头向左平移", "左摇镜头"];
        PanRight = ["pan right", "camera pans right"], ["镜头右移", "镜头向右平移", "右摇镜头"];
        ZoomIn = ["zoom in", "camera zooms in"], ["镜头推近", "推镜头", "镜头拉近"];
        ZoomOut = ["zoom out", "camera zooms out"], ["镜头拉远", "拉镜头", "镜头拉开"];
        WideAngle = ["wide-angle shot", "wide shot", "long shot"], ["广角镜头", "远景", "全景"];
        CloseUp = ["close-up", "close-up shot", "close shot"], ["特写", "特写镜头", "近景"];
        Follow = ["tracking shot", "camera follows", "follow shot"], ["跟拍", "跟拍镜头", "镜头跟随"];
    }
}

vocabulary! {
    Direction {
        Left = ["left", "to the left", "leftwards"], ["左", "向左", "往左"];
        Right = ["right", "to the right", "rightwards"], ["右", "向右", "往右"];
    }
}

impl Direction {
    pub fn sign(self) -> f32 {
        match self {
            Direction::Left => -1.0,
            Direction::Right => 1.0,
        }
    }
}

impl Action {
    /// Whether the actor travels across the ground, water or sky.
    pub fn travels(self) -> bool {
        matches!(
            self,
            Action::Walks | Action::Runs | Action::Flies | Action::Swims
        )
    }
}

/// What an actor's feet meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Ground,
    /// Knee-deep: legs show through.
    Shallow,
    /// Deep water with a surface.
    Deep,
    /// Below the surface: no waterline, things float.
    Submerged,
    /// Cloud tops.
    Cloud,
}

impl Place {
    pub fn surface(self) -> Surface {
        match self {
            Place::River => Surface::Shallow,
            Place::Sea => Surface::Deep,
            Place::Underwater => Surface::Submerged,
            Place::NightSky | Place::Sky => Surface::Cloud,
            _ => Surface::Ground,
        }
    }

    pub fn has_water(self) -> bool {
        matches!(
            self.surface(),
            Surface::Shallow | Surface::Deep | Surface::Submerged
        )
    }

    /// Times that make sense here.
    pub fn times(self) -> &'static [Time] {
        match self {
            Place::NightSky | Place::Space => &[Time::Night],
            Place::Underwater => &[Time::Day],
            Place::Sky => &[Time::Day, Time::Sunset],
            _ => Time::ALL,
        }
    }

    /// Whether rain, snow and fog reach this place.
    pub fn has_weather(self) -> bool {
        !matches!(
            self,
            Place::NightSky | Place::Space | Place::Underwater | Place::Sky
        )
    }
}
