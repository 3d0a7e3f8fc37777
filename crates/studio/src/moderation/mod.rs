//! Moderation: which words are refused, by whose rule, and what the administrator says to it.
//!
//! It is local: a list in `moderation.txt` of the data folder, which any editor may change while the server runs; until
//! somebody does, the list that comes with the program. It is named: a refusal says which rule was met by which words. And
//! it can be overruled: an administrator sees what was refused, and may let one user have one text.

mod hook;
pub mod list;
mod picture;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::derive::Meta;
use crate::guard::Viewer;
use crate::store::Store;
use crate::{Error, Result};
use list::{Hit, List, Rule};

/// The list that comes with the program.
pub const DEFAULT: &str = include_str!("default.txt");
/// Bytes of a list.
const LONGEST: u64 = 1 << 20;

/// The settings under `[moderation]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether the list is applied, until an administrator says otherwise in the pages; absent: where users log in.
    pub enabled: Option<bool>,
    /// The list, in another place than the data folder.
    pub list: Option<PathBuf>,
    /// The address of a service that is asked too.
    pub hook: Option<String>,
    /// Sent to it as `Authorization: Bearer …`.
    pub hook_key: Option<String>,
    /// Whether it is shown pictures and clips that are uploaded, too.
    pub hook_pictures: bool,
    /// Whether what it is asked passes when it does not answer.
    pub hook_may_fail: bool,
}

/// The policy in force. Cheap to clone.
#[derive(Clone)]
pub struct Policy {
    settings: Settings,
    by_default: bool,
    path: PathBuf,
    read: Arc<Mutex<Option<Read>>>,
}

/// The list as it was read last; of which file, as it was when.
struct Read {
    stamp: Option<(SystemTime, u64)>,
    list: Arc<List>,
}

impl Policy {
    /// Reads the list, so that mistakes are told at the start.
    pub fn open(settings: &Settings, data: &Path, many_users: bool) -> Result<Self, String> {
        let path = settings.list.clone();
        if let Some(path) = path.as_ref().filter(|path| !path.is_file()) {
            return Err(format!("there is no moderation list {}", path.display()));
        }
        let policy = Self {
            by_default: settings.enabled.unwrap_or(many_users),
            path: path.unwrap_or_else(|| data.join("moderation.txt")),
            settings: settings.clone(),
            read: Arc::default(),
        };
        policy
            .load()
            .map_err(|why| format!("{}: {why}", policy.path.display()))?;
        Ok(policy)
    }

    pub fn has_hook(&self) -> bool {
        self.settings.hook.is_some()
    }

    /// Whether somebody changed the list that comes with the program.
    pub fn is_own(&self) -> bool {
        self.path.is_file()
    }

    /// The list's text.
    pub fn text(&self) -> Result<String> {
        match self.is_own() {
            true => Ok(std::fs::read_to_string(&self.path)?),
            false => Ok(DEFAULT.to_owned()),
        }
    }

    pub fn rules(&self) -> Vec<Rule> {
        self.list().rules().to_vec()
    }

    /// Puts another list in force; an empty one brings back that of the program.
    pub fn replace(&self, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            };
        }
        if text.len() as u64 > LONGEST {
            return Err(Error::TooLarge("a list has at most 1 MiB".into()));
        }
        List::parse(text).map_err(Error::Invalid)?;
        let beside = self.path.with_extension("txt.new");
        std::fs::write(&beside, text)?;
        Ok(std::fs::rename(beside, &self.path)?)
    }

    /// Whether the rules are applied.
    pub async fn is_on(&self, store: &Store) -> Result<bool> {
        let chosen = store.server_setting("moderation").await?;
        Ok(chosen.map_or(self.by_default, |chosen| chosen == "on"))
    }

    /// What the list has against a text of this user's. Asks no service and keeps no record.
    pub async fn look(&self, store: &Store, viewer: &Viewer, text: &str) -> Result<Option<Hit>> {
        if text.trim().is_empty() || !self.is_on(store).await? {
            return Ok(None);
        }
        match self.list().find(text) {
            Some(_) if store.is_let_pass(&viewer.id, text).await? => Ok(None),
            found => Ok(found),
        }
    }

    /// Refuses a text that meets a rule, and keeps a record of it.
    pub async fn check(
        &self,
        store: &Store,
        viewer: &Viewer,
        origin: &str,
        text: &str,
    ) -> Result<()> {
        if text.trim().is_empty() || !self.is_on(store).await? {
            return Ok(());
        }
        let found = match self.list().find(text) {
            Some(hit) => Some(hit),
            None => self.ask_hook(text).await?,
        };
        let Some(hit) = found else { return Ok(()) };
        if store.is_let_pass(&viewer.id, text).await? {
            return Ok(());
        }
        store.refuse(&viewer.id, origin, &hit, text).await?;
        metrics::counter!("kinora_refusals_total").increment(1);
        tracing::info!(user = viewer.id, rule = hit.rule.name, "words were refused");
        let way_out = "change the words, or ask an administrator to let it pass";
        Err(refusal(&hit, way_out))
    }

    /// Refuses an upload that the service flags, and keeps a record of it. `folder` has the file and what was made of it.
    pub async fn check_upload(
        &self,
        store: &Store,
        viewer: &Viewer,
        name: &str,
        folder: &Path,
        meta: &Meta,
    ) -> Result<()> {
        let asks = self.settings.hook_pictures && self.has_hook();
        if !asks || !self.is_on(store).await? {
            return Ok(());
        }
        let (folder, meta) = (folder.to_path_buf(), meta.clone());
        let seen = tokio::task::spawn_blocking(move || picture::seen(&folder, &meta));
        let (digest, jpeg) = seen.await??;
        let Some(hit) = self.ask_service(hook::picture(&jpeg)).await? else {
            return Ok(());
        };
        // What stands for it in the record: let pass, it is this file under this name.
        let text = format!("{name} (SHA-256 {digest})");
        if store.is_let_pass(&viewer.id, &text).await? {
            return Ok(());
        }
        store.refuse(&viewer.id, "upload", &hit, &text).await?;
        metrics::counter!("kinora_refusals_total").increment(1);
        tracing::info!(
            user = viewer.id,
            rule = hit.rule.name,
            "an upload was refused"
        );
        let way_out =
            "the file was not kept; give another one, or ask an administrator to let it pass";
        Err(refusal(&hit, way_out))
    }

    async fn ask_hook(&self, text: &str) -> Result<Option<Hit>> {
        match self.has_hook() {
            true => self.ask_service(hook::text(text)).await,
            false => Ok(None),
        }
    }

    async fn ask_service(&self, input: serde_json::Value) -> Result<Option<Hit>> {
        let Some(url) = self.settings.hook.clone() else {
            return Ok(None);
        };
        let key = self.settings.hook_key.clone();
        let asked = tokio::task::spawn_blocking(move || hook::ask(&url, key.as_deref(), &input));
        match asked.await? {
            Ok(names) if names.is_empty() => Ok(None),
            Ok(names) => Ok(Some(Hit {
                rule: Rule {
                    name: names.join(", "),
                    says: String::new(),
                },
                words: Vec::new(),
            })),
            Err(why) => {
                tracing::error!(why, "the moderation service does not answer");
                match self.settings.hook_may_fail {
                    true => Ok(None),
                    false => Err(Error::Unavailable(
                        "the moderation service of this studio does not answer; try again in a while".into(),
                    )),
                }
            }
        }
    }

    /// The list as the file has it now. One that cannot be read leaves the last in force.
    fn list(&self) -> Arc<List> {
        let failed = |why: String| {
            tracing::error!(path = %self.path.display(), why, "the moderation list is not as it should be; the one before stays in force");
            let kept = self.read.lock().unwrap_or_else(|p| p.into_inner());
            kept.as_ref().map(|read| read.list.clone())
        };
        let list = self.load().or_else(|why| failed(why).ok_or(()));
        list.expect("the list was read when the policy was opened")
    }

    fn load(&self) -> Result<Arc<List>, String> {
        let found = std::fs::metadata(&self.path).ok();
        let stamp = found.and_then(|file| Some((file.modified().ok()?, file.len())));
        let mut kept = self.read.lock().unwrap_or_else(|p| p.into_inner());
        if let Some(read) = kept.as_ref().filter(|read| read.stamp == stamp) {
            return Ok(read.list.clone());
        }
        let text = match stamp {
            Some((_, bytes)) if bytes > LONGEST => return Err("it has more than 1 MiB".into()),
            Some(_) => std::fs::read_to_string(&self.path).map_err(|error| error.to_string())?,
            None => DEFAULT.to_owned(),
        };
        let list = Arc::new(List::parse(&text)?);
        *kept = Some(Read {
            stamp,
            list: list.clone(),
        });
        Ok(list)
    }
}

/// What whoever is refused reads.
pub fn sentence(hit: &Hit) -> String {
    let found = match hit.words.is_empty() {
        true => String::new(),
        false => format!(" (found: {})", hit.words.join(", ")),
    };
    let says = match hit.rule.says.is_empty() {
        true => String::new(),
        false => format!(": {}", hit.rule.says),
    };
    format!(
        "this studio's moderation rule “{}” was met{found}{says}",
        hit.rule.name
    )
}

fn refusal(hit: &Hit, way_out: &str) -> Error {
    Error::Blocked {
        rule: hit.rule.name.clone(),
        message: format!("{} — nothing was charged; {way_out}", sentence(hit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_comes_along_refuses_little() {
        let list = List::parse(DEFAULT).unwrap();
        assert!(list.rules().iter().all(|rule| !rule.says.is_empty()));
        for fine in [
            "a woolly mammoth walks in the desert, wide-angle shot",
            "a child plays in the snow with a naked mole rat drawn on the wall of a museum for adults",
            "the nude beach in autumn, empty",
            "a therapist talks in a grape orchard in Essex",
            "teenagers skate in the park, cinematic",
            "一只白鹤在小溪里抓鱼",
            "儿童在雪地里玩耍",
        ] {
            let hit = list.find(fine);
            // The second has both words of a line: lists are blunt, which is why there is an override.
            assert_eq!(hit.is_some(), fine.contains("mole rat"), "{fine}: {hit:?}");
        }
        for (bad, rule) in [
            ("a nude child", "minors"),
            ("未成年人裸体", "minors"),
            ("PORN", "explicit"),
            ("斩首", "gore"),
        ] {
            assert_eq!(list.find(bad).unwrap().rule.name, rule, "{bad}");
        }
    }

    #[test]
    fn a_list_is_read_again_when_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let policy = Policy::open(&Settings::default(), dir.path(), true).unwrap();
        assert!(policy.list().find("porn").is_some());
        policy.replace("[mine]\nmammoth").unwrap();
        assert!(policy.is_own() && policy.list().find("porn").is_none());
        assert_eq!(
            policy.list().find("a mammoth").unwrap().rule.name,
            "mine".to_owned()
        );
        assert!(policy.replace("no rule").is_err());
        std::fs::write(dir.path().join("moderation.txt"), "spoilt by hand").unwrap();
        assert!(
            policy.list().find("a mammoth").is_some(),
            "the last stays in force"
        );
        assert!(Policy::open(&Settings::default(), dir.path(), true).is_err());
        policy.replace(" ").unwrap();
        assert!(policy.list().find("porn").is_some());
    }
}
