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
        // From here on three-dimensional scenes only.
        Savanna = ["savanna", "African plain", "dry grassland"], ["稀树草原", "非洲草原", "热带草原"];
        Lake = ["lake", "lakeside", "still water"], ["湖", "湖边", "湖泊"];
        Swamp = ["swamp", "marsh", "wetland"], ["沼泽", "湿地", "泥沼"];
        Jungle = ["jungle", "rainforest", "tropical forest"], ["丛林", "热带雨林", "雨林"];
        Autumn = ["autumn forest", "fall woods", "golden forest"], ["秋林", "秋天的树林", "金色的森林"];
        Canyon = ["canyon", "red rocks", "badlands"], ["峡谷", "红色岩石", "荒原"];
        Ice = ["ice", "Arctic ice", "frozen sea"], ["冰原", "北极冰面", "冰面"];
        Flowers = ["flower field", "flowers", "blooming meadow"], ["花田", "花丛", "花海"];
        Oasis = ["oasis", "palm oasis"], ["绿洲", "棕榈绿洲"];
        Field = ["farmland", "ploughed field", "wheat field"], ["农田", "田野", "麦田"];
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
        // From here on three-dimensional scenes only.
        Eats = ["eats", "eating", "eat", "feeds", "grazes"], ["吃", "进食", "觅食", "吃东西"];
        Attacks = ["attacks", "attacking", "attack", "strikes"], ["攻击", "进攻", "扑击"];
        Fishes = ["catches a fish", "catching a fish", "comes up with a fish"], ["捕鱼", "抓到一条鱼", "叼起一条鱼"];
        GoesAway = ["walks away", "walking away", "goes away", "leaves"], ["走远", "离开", "远去"];
        Chases = ["chases", "chasing", "chase", "runs after", "hunts"], ["追赶", "追逐", "追着", "追捕"];
        Follows = ["follows", "following", "follow", "walks behind"], ["跟着", "跟随", "跟在后面", "尾随"];
        Meets = ["meets", "meeting", "meet", "comes face to face with"], ["相遇", "遇见", "遇上"];
        Fights = ["fights", "fighting", "fight", "fights with"], ["搏斗", "打架", "争斗"];
        Circles = ["circles", "circling", "walks around", "walking around"], ["绕着走", "围着转圈", "绕圈"];
        TakesOff = ["takes off", "taking off", "flies up"], ["起飞", "飞起来", "腾空而起"];
        Lands = ["lands", "landing", "touches down"], ["降落", "落地", "飞落"];
        Bounces = ["bounces", "bouncing", "bounce"], ["弹跳", "弹起", "蹦跶"];
        Rolls = ["rolls", "rolling", "roll"], ["滚动", "滚", "滚过"];
        Drives = ["drives", "driving", "drive", "drives by"], ["行驶", "开过", "驶过"];
        Sails = ["sails", "sailing", "sail"], ["航行", "驶过水面", "扬帆"];
        Rises = ["rises", "rising", "rise", "floats up"], ["上升", "升起", "升空"];
        Burns = ["burns", "burning", "burn", "is on fire"], ["燃烧", "着火", "熊熊燃烧"];
        Sprays = ["sprays water", "spraying water", "gushes"], ["喷水", "喷涌", "水花四溅"];
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
        // From here on three-dimensional scenes only.
        Aerial = ["aerial shot", "drone shot", "bird's-eye view", "view from above"], ["航拍镜头", "航拍", "俯拍", "鸟瞰"];
        LowAngle = ["low-angle shot", "low angle", "view from below"], ["低角度镜头", "仰拍", "低角度"];
        Orbit = ["orbit shot", "the camera circles", "orbiting camera"], ["环绕镜头", "镜头环绕", "环绕拍摄"];
        DollyIn = ["dolly in", "slow dolly-in", "the camera moves closer"], ["镜头缓缓推进", "推轨镜头", "镜头前移"];
        DollyOut = ["dolly out", "slow dolly-out", "the camera moves back"], ["镜头缓缓后退", "后拉镜头", "镜头后移"];
        TiltUp = ["tilt up", "the camera tilts up"], ["镜头上摇", "镜头上仰", "上摇镜头"];
        TiltDown = ["tilt down", "the camera tilts down"], ["镜头下摇", "镜头下俯", "下摇镜头"];
        Handheld = ["handheld shot", "handheld camera", "shaky camera"], ["手持镜头", "手持拍摄", "晃动镜头"];
    }
}

vocabulary! {
    /// How a scene is drawn.
    Style {
        Plain = ["realistic", "photorealistic", "lifelike"], ["写实", "逼真", "真实感"];
        Papercraft = ["paper cut-out", "papercraft", "cardboard"], ["剪纸", "纸艺", "纸板"];
        Pencil = ["pencil sketch", "pencil drawing", "sketch"], ["铅笔素描", "素描", "铅笔画"];
        PixelArt = ["pixel art", "8-bit", "retro game"], ["像素画", "像素风", "复古游戏"];
        Noir = ["film noir", "black and white", "noir"], ["黑色电影", "黑白", "黑白电影"];
        OldFilm = ["old film", "archival film footage", "vintage film"], ["老电影", "档案胶片画面", "复古影像"];
        Watercolour = ["watercolour", "watercolor painting", "aquarelle"], ["水彩画", "水彩", "水彩风格"];
        Clay = ["clay animation", "claymation", "stop motion"], ["黏土动画", "粘土", "定格动画"];
        Toon = ["cartoon", "cel-shaded", "anime"], ["卡通", "动画", "动漫"];
    }
}

vocabulary! {
    /// A colour that a part of an actor can have.
    Colour {
        White = ["white"], ["白色", "白"];
        Black = ["black"], ["黑色", "黑"];
        Red = ["red", "scarlet"], ["红色", "红"];
        Yellow = ["yellow", "golden"], ["黄色", "黄"];
        Blue = ["blue"], ["蓝色", "蓝"];
        Green = ["green"], ["绿色", "绿"];
        Pink = ["pink"], ["粉色", "粉红色"];
        Purple = ["purple", "violet"], ["紫色", "紫"];
        Orange = ["orange"], ["橙色", "橘色"];
        Brown = ["brown"], ["棕色", "褐色"];
        Grey = ["grey", "gray"], ["灰色", "灰"];
    }
}

impl Colour {
    pub fn rgb(self) -> [f32; 3] {
        match self {
            Colour::White => [0.95, 0.95, 0.94],
            Colour::Black => [0.10, 0.10, 0.12],
            Colour::Red => [0.88, 0.12, 0.12],
            Colour::Yellow => [0.98, 0.85, 0.10],
            Colour::Blue => [0.15, 0.35, 0.90],
            Colour::Green => [0.15, 0.68, 0.25],
            Colour::Pink => [0.98, 0.60, 0.70],
            Colour::Purple => [0.55, 0.20, 0.75],
            Colour::Orange => [0.98, 0.52, 0.10],
            Colour::Brown => [0.48, 0.30, 0.18],
            Colour::Grey => [0.55, 0.56, 0.58],
        }
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
            Action::Walks
                | Action::Runs
                | Action::Flies
                | Action::Swims
                | Action::Chases
                | Action::Follows
                | Action::Rolls
                | Action::Drives
                | Action::Sails
        )
    }

    /// Whether it takes two.
    pub fn takes_two(self) -> bool {
        matches!(
            self,
            Action::Chases | Action::Follows | Action::Meets | Action::Fights | Action::Circles
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

impl Action {
    /// Those that flat scenes know: the first of the list.
    pub const FLAT: usize = 11;
}

impl Camera {
    /// Those that flat scenes know: the first of the list.
    pub const FLAT: usize = 8;
}

impl Style {
    /// Those that flat scenes know, beside the plain one.
    pub const FLAT: &'static [Style] = &[Style::Papercraft, Style::Noir, Style::OldFilm];

    pub fn is_plain(&self) -> bool {
        *self == Style::Plain
    }

    pub(crate) fn plain() -> Self {
        Style::Plain
    }
}

impl Place {
    /// How many of the list flat scenes know: the first.
    pub const FLAT: usize = 15;

    pub fn surface(self) -> Surface {
        match self {
            Place::River | Place::Swamp => Surface::Shallow,
            Place::Sea | Place::Lake | Place::Oasis => Surface::Deep,
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
