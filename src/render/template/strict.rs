//! What strict mode overlooks: a name that a block is opened with.
//!
//! `{{titel}}` is refused where there is no `titel`; `{{#if titel}}` is merely not so, and `{{#each rwos}}`
//! with an `{{else}}` is merely empty. So each such block gets a probe before it, which prints nothing and
//! refuses a name that is not there.

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason, Template,
};

/// No template can name it: it has a blank.
const PROBE: &str = "is there";

/// The blocks that ask whether something is so.
const ASKING: [&str; 4] = ["if", "unless", "each", "with"];

/// Makes the probes known.
pub(super) fn register(registry: &mut Handlebars<'_>) {
    registry.register_helper(PROBE, Box::new(probe));
}

fn probe(
    h: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    _: &mut dyn Output,
) -> HelperResult {
    match h.param(0) {
        Some(asked) if asked.is_value_missing() => {
            Err(RenderErrorReason::MissingVariable(asked.relative_path().cloned()).into())
        }
        _ => Ok(()),
    }
}

/// Puts a probe before each block that asks.
pub(super) fn guard(template: &mut Template) {
    let (elements, mapping) = (std::mem::take(&mut template.elements), std::mem::take(&mut template.mapping));
    for (mut element, place) in elements.into_iter().zip(mapping) {
        match &mut element {
            TemplateElement::HelperBlock(block) => {
                if let Some(asked) = asked(block) {
                    template.elements.push(asked);
                    template.mapping.push(place.clone());
                }
                block.template.iter_mut().chain(&mut block.inverse).for_each(guard);
            }
            TemplateElement::PartialBlock(block) | TemplateElement::DecoratorBlock(block) => {
                block.template.iter_mut().for_each(guard);
            }
            _ => {}
        }
        template.elements.push(element);
        template.mapping.push(place);
    }
}

fn asked(block: &HelperTemplate) -> Option<TemplateElement> {
    let asks = block.name.as_name().is_some_and(|name| ASKING.contains(&name));
    let by_name = matches!(block.params.first(), Some(Parameter::Path(_)));
    let mut probe = block.clone();
    probe.name = Parameter::Name(PROBE.to_owned());
    probe.template = None;
    probe.inverse = None;
    (asks && by_name).then(|| TemplateElement::HelperBlock(Box::new(probe)))
}
