//! The rows of the actor table. Order matters: `--actors N` takes the first N.

use crate::actors::{Actor, Facing, Habitat};

const NO: Habitat = Habitat::NONE;
const W: Habitat = Habitat::WALKS;
const F: Habitat = Habitat::FLIES;
const S: Habitat = Habitat::SWIMS;
const WF: Habitat = W.and(F);
const WS: Habitat = W.and(S);
const FS: Habitat = F.and(S);
const WFS: Habitat = WF.and(S);

const L: Facing = Facing::Left;
const R: Facing = Facing::Right;
const O: Facing = Facing::Front;

macro_rules! cast {
    ($($key:literal $code:literal $habitat:ident $facing:ident $measure:literal [$($en:literal),+] [$($zh:literal),+])+) => {
        pub const TABLE: &[Actor] = &[$(Actor {
            key: $key, code: $code, habitat: $habitat, facing: $facing, measure: $measure,
            en: &[$($en),+], zh: &[$($zh),+],
        },)+];
    };
}

cast! {
    "mammoth" "1f9a3" WS L "头" ["woolly mammoth", "mammoth"] ["长毛猛犸象", "猛犸象", "猛犸", "长毛象"]
    "swan" "1f9a2" WFS L "只" ["swan", "white bird", "white swan", "crane", "egret", "heron", "stork"] ["天鹅", "白色的鸟", "白鸟", "白天鹅", "白鹤", "白鹭", "鹤"]
    "elephant" "1f418" WS L "头" ["elephant", "grey elephant"] ["大象", "象", "灰象"]
    "flamingo" "1f9a9" WF L "只" ["flamingo", "pink flamingo"] ["火烈鸟", "粉红火烈鸟", "红鹳"]
    "tiger" "1f405" WS L "只" ["tiger", "striped tiger"] ["老虎", "虎"]
    "penguin" "1f427" WS O "只" ["penguin"] ["企鹅"]
    "frog" "1f438" WS O "只" ["frog", "green frog", "toad"] ["青蛙", "蛙", "绿蛙"]
    "lion" "1f981" W O "头" ["lion"] ["狮子", "雄狮"]
    "pig" "1f416" WS L "头" ["pig", "pink pig", "piglet"] ["猪", "小猪", "粉红猪"]
    "turtle" "1f422" WS L "只" ["turtle", "tortoise", "green turtle"] ["乌龟", "海龟", "龟"]
    "horse" "1f40e" WS L "匹" ["horse", "brown horse"] ["马", "骏马", "棕马"]
    "panda" "1f43c" W O "只" ["panda", "giant panda"] ["熊猫", "大熊猫"]
    "parrot" "1f99c" WF L "只" ["parrot", "macaw", "red parrot"] ["鹦鹉", "金刚鹦鹉"]
    "trex" "1f996" WS L "只" ["T-Rex", "tyrannosaurus", "dinosaur"] ["霸王龙", "暴龙", "恐龙"]
    "rabbit" "1f407" W L "只" ["rabbit", "white rabbit", "bunny", "hare"] ["兔子", "白兔", "小兔"]
    "octopus" "1f419" S O "只" ["octopus"] ["章鱼", "八爪鱼"]
    "butterfly" "1f98b" F O "只" ["butterfly", "orange butterfly"] ["蝴蝶"]
    "whale" "1f433" S L "头" ["whale", "blue whale", "spouting whale"] ["鲸鱼", "鲸", "蓝鲸"]
    "giraffe" "1f992" W L "只" ["giraffe"] ["长颈鹿"]
    "cow" "1f404" WS L "头" ["cow", "dairy cow"] ["奶牛", "牛", "母牛"]
    "rocket" "1f680" F R "枚" ["rocket", "spaceship", "spacecraft"] ["火箭", "飞船", "宇宙飞船"]
    "camel" "1f42b" W L "头" ["camel", "two-humped camel"] ["骆驼", "双峰驼"]
    "owl" "1f989" WF O "只" ["owl"] ["猫头鹰", "鸮"]
    "sailboat" "26f5" S L "艘" ["sailboat", "sailing boat", "yacht"] ["帆船", "小船", "船"]
    "zebra" "1f993" WS L "匹" ["zebra"] ["斑马"]
    "car" "1f697" W L "辆" ["car", "red car", "automobile"] ["汽车", "红色汽车", "小汽车", "轿车"]
    "dolphin" "1f42c" S L "只" ["dolphin"] ["海豚"]
    "duck" "1f986" WFS L "只" ["duck", "mallard"] ["鸭子", "绿头鸭", "野鸭"]
    "snowman" "26c4" NO O "个" ["snowman"] ["雪人"]
    "robot" "1f916" W O "个" ["robot", "robot head"] ["机器人"]
    "cat" "1f408" WS L "只" ["cat", "orange cat", "kitten"] ["猫", "橘猫", "小猫"]
    "dog" "1f415" WS L "只" ["dog", "puppy"] ["狗", "小狗"]
    "fox" "1f98a" W O "只" ["fox", "red fox"] ["狐狸", "赤狐"]
    "bear" "1f43b" WS O "头" ["bear", "brown bear", "grizzly"] ["熊", "棕熊", "狗熊"]
    "tropical-fish" "1f420" S L "条" ["tropical fish", "angelfish"] ["热带鱼"]
    "shark" "1f988" S L "条" ["shark"] ["鲨鱼"]
    "bee" "1f41d" F L "只" ["bee", "honeybee", "bumblebee"] ["蜜蜂"]
    "airplane" "2708-fe0f" F R "架" ["airplane", "plane", "aeroplane", "jet"] ["飞机", "客机"]
    "balloon" "1f388" F O "个" ["red balloon", "balloon"] ["红气球", "气球"]
    "ghost" "1f47b" F O "个" ["ghost"] ["幽灵", "鬼"]
}

#[allow(dead_code)]
const UNUSED: (Habitat, Habitat) = (FS, WFS);
