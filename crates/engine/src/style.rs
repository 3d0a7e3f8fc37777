//! Style presets: words that are joined to the prompt.

/// A look, named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub name: &'static str,
    /// Joined to an English prompt.
    pub en: &'static str,
    /// Joined to a Chinese prompt.
    pub zh: &'static str,
}

/// The presets that every installation has.
pub const PRESETS: [Style; 5] = [
    Style {
        name: "archival",
        en: "archival film footage, faded colours, grain and scratches",
        zh: "档案胶片画面，褪色，颗粒与划痕",
    },
    Style {
        name: "film-noir",
        en: "film noir, black and white, hard shadows, low-key light",
        zh: "黑色电影风格，黑白，强烈的阴影，低调光",
    },
    Style {
        name: "papercraft",
        en: "made of cardboard and paper, papercraft, visible folds and cut edges",
        zh: "纸板与纸艺风格，看得见折痕与剪边",
    },
    Style {
        name: "stop-motion",
        en: "whimsical stop motion, clay and felt figures, soft studio light",
        zh: "奇趣定格动画，黏土与毛毡人偶，柔和的影棚灯光",
    },
    Style {
        name: "balloon-world",
        en: "a world made of shiny balloons, inflated shapes, bright colours",
        zh: "由闪亮气球组成的世界，充气的形状，鲜艳的颜色",
    },
];

/// The preset of this name; case, spaces and underscores do not matter.
pub fn find(name: &str) -> Option<Style> {
    let name = name.trim().to_lowercase().replace([' ', '_'], "-");
    PRESETS.into_iter().find(|style| style.name == name)
}

impl Style {
    /// The prompt in this style, in the prompt's language.
    pub fn apply(self, prompt: &str) -> String {
        match prompt.chars().any(crate::text::is_cjk) {
            true => format!("{prompt}，{}", self.zh),
            false => format!("{prompt}, {}", self.en),
        }
    }
}
