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
