//! Pieces that include others, put together once, when they are compiled.
//!
//! handlebars copies what a piece sees each time that the piece is included, and from then on once more whatever a
//! block in it walks. A piece that sees what its includer sees needs no copy: it is put in its place beforehand.

use std::collections::BTreeMap;

use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};
use handlebars::{
    BlockContext, Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, Renderable,
    Template,
};

/// No template can name it: it has a blank.
const INCLUDED: &str = "is included";

/// Where a piece prints the block that it is given.
const GIVEN: &str = "@partial-block";

/// Makes what stands for an included piece known.
pub(super) fn register(registry: &mut Handlebars<'_>) {
    registry.register_helper(INCLUDED, Box::new(Included));
}

/// Prints a piece, which is a scope of its own that sees what the one around it sees.
struct Included;

impl HelperDef for Included {
    fn call<'reg: 'rc, 'rc>(
        &self,
        h: &Helper<'rc>,
        r: &'reg Handlebars<'reg>,
        ctx: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let mut scope = BlockContext::new();
        if let Some(around) = rc.block() {
            scope.base_path_mut().clone_from(around.base_path());
            if let Some(value) = around.base_value() {
                scope.set_base_value(value.clone());
            }
            scope.local_variables_mut().clone_from(around.local_variables());
        }
        rc.push_block(scope);
        let printed = h.template().map_or(Ok(()), |piece| piece.render(r, ctx, rc, out));
        rc.pop_block();
        printed
    }
}

/// Compiled pieces, none of which includes itself, each with those it includes in their places.
pub(super) fn whole(pieces: &BTreeMap<&str, Template>) -> BTreeMap<String, Template> {
    // A piece may define others under any name, for whatever comes after it.
    let defines = |e: &TemplateElement| {
        matches!(e, TemplateElement::DecoratorBlock(_) | TemplateElement::DecoratorExpression(_))
    };
    let as_it_is = pieces.values().any(|piece| holds(piece, &defines));
    let whole = |(name, piece): (&&str, &Template)| {
        let mut piece = piece.clone();
        if !as_it_is {
            fill_in(&mut piece, name, pieces);
        }
        ((*name).to_owned(), piece)
    };
    pieces.iter().map(whole).collect()
}

/// Puts pieces in their places in `template`, which is of the piece `name`.
fn fill_in(template: &mut Template, name: &str, pieces: &BTreeMap<&str, Template>) {
    for element in &mut template.elements {
        match element {
            TemplateElement::HelperBlock(block) => {
                block.template.iter_mut().chain(&mut block.inverse).for_each(|t| fill_in(t, name, pieces));
            }
            TemplateElement::PartialBlock(block) | TemplateElement::PartialExpression(block) => {
                block.template.iter_mut().for_each(|t| fill_in(t, name, pieces));
                if let Some(piece) = piece(block, name, pieces) {
                    *element = piece;
                }
            }
            _ => {}
        }
    }
}

/// What stands for a piece that is included in the piece `name`; `None` where handlebars has to do it: where the
/// piece sees something else than its includer, is indented, or prints the block that it is given in a block of its own.
fn piece(
    include: &DecoratorTemplate,
    name: &str,
    pieces: &BTreeMap<&str, Template>,
) -> Option<TemplateElement> {
    if !include.params.is_empty() || !include.hash.is_empty() || include.indent.is_some() {
        return None;
    }
    let of = include.name.as_name()?;
    let mut piece = pieces.get(of)?.clone();
    fill_in(&mut piece, of, pieces);
    let is_given = |e: &TemplateElement| match e {
        TemplateElement::PartialExpression(e) | TemplateElement::PartialBlock(e) => {
            e.name.as_name() == Some(GIVEN)
        }
        _ => false,
    };
    if let Some(mut given) = include.template.clone() {
        let place = piece.elements.iter().position(is_given)?;
        // Errors name the piece that a template is of.
        given.name = Some(name.to_owned());
        piece.elements[place] = TemplateElement::HelperBlock(Box::new(always(given)?));
    }
    if holds(&piece, &is_given) {
        return None;
    }
    let mut block = always(piece)?;
    block.name = Parameter::Name(INCLUDED.to_owned());
    Some(TemplateElement::HelperBlock(Box::new(block)))
}

/// A block that prints `template` wherever it stands.
fn always(template: Template) -> Option<HelperTemplate> {
    match Template::compile("{{#if true}}{{/if}}").ok()?.elements.pop()? {
        TemplateElement::HelperBlock(mut block) => {
            block.template = Some(template);
            Some(*block)
        }
        _ => None,
    }
}

/// Whether an element of a template is such a one, however deep.
fn holds(template: &Template, such: &dyn Fn(&TemplateElement) -> bool) -> bool {
    template.elements.iter().any(|element| {
        such(element)
            || match element {
                TemplateElement::HelperBlock(block) => {
                    block.template.iter().chain(&block.inverse).any(|t| holds(t, such))
                }
                TemplateElement::PartialBlock(block) | TemplateElement::DecoratorBlock(block) => {
                    block.template.iter().any(|t| holds(t, such))
                }
                _ => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What the piece `a` prints, by handlebars alone and put together.
    fn printed(pieces: &[(&str, &str)]) -> [Result<String, String>; 2] {
        let compiled: BTreeMap<&str, Template> = pieces
            .iter()
            .map(|(name, text)| (*name, Template::compile_with_name(text, (*name).to_owned()).unwrap()))
            .collect();
        let alone = compiled.iter().map(|(name, piece)| ((*name).to_owned(), piece.clone())).collect();
        let seen = json!({ "x": "<1>", "list": [{ "y": "2" }, { "y": "3" }], "in": { "z": "4" } });
        [alone, whole(&compiled)].map(|pieces: BTreeMap<String, Template>| {
            let mut registry = Handlebars::new();
            registry.set_strict_mode(true);
            register(&mut registry);
            for (name, piece) in pieces {
                registry.register_template(&name, piece);
            }
            registry.render("a", &seen).map_err(|e| format!("{:?} {:?} {e}", e.template_name, e.line_no))
        })
    }

    #[test]
    fn put_together_pieces_print_what_they_print_alone() {
        let frame = "<{{x}}>\n{{> @partial-block}}\n{{in.z}}</>";
        let block = "{{#> b}}\n{{#each list}}\n{{y}}{{../x}}{{../../x}}{{@index}}\n{{/each}}\n{{/b}}\n!";
        for (a, b, printed_whole) in [
            (block, frame, true),
            ("{{#each list}}{{> b}}{{/each}}", "{{y}} {{@index}} {{@last}} {{../y}} {{../../x}};", true),
            ("{{#with in}}{{> b}}{{#each ../list}}{{> b z=y}}{{/each}}{{/with}}", "{{z}}", true),
            ("{{> b in}}{{> b}}", "{{#each this}}{{@key}} {{/each}}", true),
            ("{{#> b}}{{x}}{{/b}}", "{{#if x}}{{> @partial-block}}{{/if}}{{> @partial-block}}", true),
            ("{{#> b}}{{x}}{{/b}}", "{{#with in}}{{z}}{{> @partial-block}}{{/with}}", true),
            ("{{#> b}}{{x}}{{/b}}", "not printed", true),
            ("{{#> b}}{{#*inline \"c\"}}{{x}}{{/inline}}{{/b}}", "{{> c}}{{> @partial-block}}", true),
            ("  {{> b}}\n", "1\n{{x}}\n2\n", true),
            ("{{#> b}}{{x}}{{/b}}", "{{#> c}}{{> @partial-block}}?{{/c}}", true),
            ("{{> b}}", "{{#> @partial-block}}nothing{{/@partial-block}}", true),
            ("{{> b}}", "{{> @partial-block}}", false),
            ("{{#> c}}{{> b}}{{/c}}", "{{> @partial-block}}", false),
            ("1\n{{#> b}}\n{{#if x}}{{no}}{{/if}}\n{{/b}}", frame, false),
            ("{{#> b}}\n{{x}}{{/b}}", "1\n2{{> @partial-block}}{{no}}", false),
            ("{{#with in}}{{> b}}{{/with}}", "{{x}}", false),
        ] {
            let [alone, whole] = printed(&[("a", a), ("b", b), ("c", "[{{> @partial-block}}]\n")]);
            assert_eq!(alone, whole, "{a} with {b}");
            assert_eq!(whole.is_ok(), printed_whole, "{a} with {b}: {whole:?}");
        }
    }

    #[test]
    fn nothing_is_left_for_handlebars_to_include_where_a_mail_is_ours() {
        let ours = super::super::PIECES;
        let compiled =
            ours.iter().map(|piece| (piece.name, Template::compile(piece.ours).unwrap())).collect();
        let whole = whole(&compiled);
        let includes = |e: &TemplateElement| {
            matches!(e, TemplateElement::PartialBlock(_) | TemplateElement::PartialExpression(_))
        };
        for name in ["digest/body.html", "breach/body.html", "greeting/body.html", "notice/body.html"] {
            assert!(!holds(&whole[name], &includes), "{name}");
        }
    }
}
