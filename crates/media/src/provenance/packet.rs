//! The XMP packet: RDF in XML, written and read for our own terms alone.

use super::{Provenance, Source};

/// Everything a packet of ours may say, by the element that says it.
const PROMPT: &str = "Iptc4xmpExt:AIPromptInformation";
const SYSTEM: &str = "Iptc4xmpExt:AISystemUsed";
const SOURCE: &str = "Iptc4xmpExt:DigitalSourceType";
const TOOL: &str = "xmp:CreatorTool";
const SETTINGS: &str = "kinora:Settings";

/// The packet for `said`.
pub(super) fn write(said: &Provenance) -> Vec<u8> {
    let mut fields = String::new();
    let mut put = |name: &str, text: &str| {
        if !text.is_empty() {
            fields += &format!("   <{name}>{}</{name}>\n", escaped(text));
        }
    };
    put(TOOL, &said.tool);
    put(SOURCE, said.source.uri());
    put(SYSTEM, &said.system);
    put(PROMPT, &said.prompt);
    put(SETTINGS, &said.settings);
    if !said.prompt.is_empty() {
        fields += &format!(
            "   <dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">{}</rdf:li></rdf:Alt></dc:description>\n",
            escaped(&said.prompt)
        );
    }
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n \
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
         <rdf:Description rdf:about=\"\"\n    \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n    \
         xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n    \
         xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\n    \
         xmlns:kinora=\"https://github.com/kinora-video/kinora/ns/1.0/\">\n\
         {fields}  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>"
    )
    .into_bytes()
}

/// `None` unless the packet names a tool in the way that [`write`] does.
pub(super) fn parse(packet: &[u8]) -> Option<Provenance> {
    let text = std::str::from_utf8(packet).ok()?;
    let field = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        Some(unescaped(value))
    };
    Some(Provenance {
        tool: field(TOOL)?,
        source: Source::of_uri(&field(SOURCE).unwrap_or_default()),
        system: field(SYSTEM).unwrap_or_default(),
        prompt: field(PROMPT).unwrap_or_default(),
        settings: field(SETTINGS).unwrap_or_default(),
    })
}

/// Text for an element; what XML cannot hold becomes a space.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '\r' => out += "&#13;",
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn unescaped(text: &str) -> String {
    text.replace("&#13;", "\r")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
