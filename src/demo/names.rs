//! Names of firms and people in the scripts of the six languages.
//!
//! A name is composed of a trade and a stem in the order its language likes ("Clínica Boa Vista", "Harbor
//! Lane Architects", "Типография «Вектор»", "云帆科技"), of two partners and their profession, or of one
//! person. The lists are single strings, cut at the bar, because they are read as lists of words.

use std::collections::HashSet;

use super::chance::Chance;

/// The language a customer or a rep is written to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Language {
    En,
    #[default]
    Pt,
    Es,
    Ru,
    Uk,
    Zh,
}

impl Language {
    /// The language's tag, as the store keeps it.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Pt => "pt",
            Self::Es => "es",
            Self::Ru => "ru",
            Self::Uk => "uk",
            Self::Zh => "zh",
        }
    }
}

/// How large a firm is, and so which trades its name takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Segment {
    Enterprise,
    Midmarket,
    #[default]
    Small,
}

impl Segment {
    /// The segment as the store keeps it.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::Enterprise => "enterprise",
            Self::Midmarket => "midmarket",
            Self::Small => "small",
        }
    }
}

/// The words one language builds its names of.
struct Words {
    stems: &'static str,
    /// Trades of enterprises, of the middle market, of small firms.
    trades: [&'static str; 3],
    professions: &'static str,
    surnames: &'static str,
    /// Men's names, then women's: Russian surnames follow them.
    given: [&'static str; 2],
}

const ENGLISH: Words = Words {
    stems: "Harbor Lane|Northgate|Silver Birch|Oakfield|Redstone|Lakeview|Blue Heron|Kingsway|Maple Court|\
            Ironbridge|Fairview|Summit|Clearwater|Greystone|Willow Park|Eastbank|Stonehill|Brightside|Juniper|\
            Cobalt|Foxglove|Westmoor|Hawthorn|Millbrook|Anchor Bay|Copper Hill|Saltmarsh|Ridgeline|Thornbury|\
            Larkspur|Pinecrest|Whitewater",
    trades: [
        "Logistics|Energy|Insurance|Pharma|Airlines|Steel|Foods|Capital|Telecom|Hotels",
        "Engineering|Packaging|Diagnostics|Realty|Robotics|Publishing|Textiles|Software|Academy|Motors",
        "Architects|Studio|Dental|Physio|Books|Bikes|Interiors|Print Shop|Yoga|Coworking|Florists|Media",
    ],
    professions: "Law|Accounting|Architects|Surveyors|Consulting|Design",
    surnames: "Carter|Hughes|Bennett|Foster|Murray|Walsh|Palmer|Reid|Holt|Barnes|Fleming|Doyle|Sutton|Pierce|\
               Lawson|Chambers|Frost|Whitaker|Norris|Kemp|Harding|Blake|Osborne|Tate",
    given: [
        "James|Oliver|Daniel|Samuel|Henry|Thomas|Edward|Patrick|Simon|Graham",
        "Emma|Grace|Sophie|Hannah|Claire|Alice|Megan|Laura|Rachel|Helen",
    ],
};

const PORTUGUESE: Words = Words {
    stems: "Boa Vista|Ipê Amarelo|Mantiqueira|Serra Azul|Vila Nova|Santa Helena|Bela Cintra|Pinheiros|Monte Verde|\
            Rio Claro|Jacarandá|Pedra Branca|Sol Nascente|Campo Belo|Araucária|Mirante|Porto Dourado|Bandeirantes|\
            São Bento|Alvorada|Cantareira|Juriti|Lagoa Dourada|Maresia|Pau-Brasil|Sabiá|Tietê|Vale do Sol|Horizonte|\
            Estrela do Sul|Três Marias|Guarani|Imperial|Itamaraty|Nova Aliança|Primavera|Quatro Estações|Recanto|\
            Santa Clara|Umuarama|Água Viva|Bem-te-vi|Colina|Diamantina|Esmeralda|Farol|Girassol|Harmonia",
    trades: [
        "Energia|Logística|Seguros|Alimentos|Saúde|Siderurgia|Telecom|Papel e Celulose|Aviação|Construtora|\
         Participações|Química",
        "Hospital|Distribuidora|Colégio|Metalúrgica|Editora|Laboratório|Imobiliária|Transportadora|Confecções|\
         Tecelagem|Auto Peças|Faculdade|Embalagens",
        "Clínica|Padaria|Gráfica|Papelaria|Academia|Ateliê|Oficina|Livraria|Farmácia|Escola|Pousada|Ótica|\
         Floricultura|Estúdio|Coworking|Petshop",
    ],
    professions: "Advogados|Arquitetura|Contabilidade|Engenharia|Consultoria|Design|Odontologia|Auditoria",
    surnames: "Mendes|Rocha|Prado|Azevedo|Barbosa|Cardoso|Moraes|Teles|Fonseca|Siqueira|Pacheco|Nogueira|Vidal|\
               Bastos|Queiroz|Amaral|Sampaio|Toledo|Brandão|Macedo|Peixoto|Guedes|Arruda|Lacerda|Furtado|Camargo",
    given: [
        "João|Pedro|Lucas|Rafael|Thiago|Bruno|Felipe|Gustavo|André|Caio|Renato|Otávio",
        "Joana|Mariana|Beatriz|Camila|Larissa|Fernanda|Juliana|Patrícia|Renata|Tatiana|Lívia|Helena",
    ],
};

const SPANISH: Words = Words {
    stems: "El Olivo|La Encina|Río Claro|Los Andes|Puerto Nuevo|Mirasol|El Faro|La Alameda|Monteverde|Las Palmas|\
            Costa Brava|San Telmo|La Rambla|Tres Cruces|El Ceibo|Los Álamos|Bahía Blanca|La Estancia|Altamira|\
            El Jacarandá|Punta del Sol|Santa Lucía|Los Pinos|Valle Hermoso|La Colmena|Cerro Alto",
    trades: [
        "Grupo|Seguros|Transportes|Frigorífico|Laboratorios|Constructora|Banco|Aceros",
        "Distribuidora|Sanatorio|Colegio|Editorial|Metalúrgica|Inmobiliaria|Bodegas|Textiles|Hotel",
        "Panadería|Estudio|Clínica|Librería|Taller|Imprenta|Óptica|Academia|Farmacia|Vivero|Peluquería",
    ],
    professions: "Abogados|Arquitectos|Contadores|Ingenieros|Consultores|Diseño",
    surnames: "Ferreyra|Castro|Molina|Vega|Paredes|Suárez|Benítez|Rivas|Quiroga|Luna|Medina|Cabrera|Acosta|\
               Silveira|Roldán|Navarro|Peralta|Godoy|Soria|Bustos|Correa|Ledesma",
    given: [
        "Martín|Diego|Nicolás|Santiago|Joaquín|Facundo|Gonzalo|Andrés|Emilio|Tomás",
        "Lucía|Valentina|Carolina|Florencia|Paula|Sofía|Camila|Elena|Gabriela|Rocío",
    ],
};

const RUSSIAN: Words = Words {
    stems: "Вектор|Северный ветер|Берёзка|Горизонт|Меридиан|Родник|Янтарь|Полярная звезда|Маяк|Восход|Кедр|Орион|\
            Лазурит|Созвездие|Белый парус|Авангард|Гармония|Рубин|Каскад|Новый век|Старт|Атлант",
    trades: [
        "Холдинг|Страховая компания|Транспортная компания|Металлургия|Фармацевтика|Банк",
        "Клиника|Издательство|Фабрика|Лаборатория|Агентство|Торговый дом|Гостиница",
        "Типография|Мастерская|Студия|Кофейня|Автосервис|Ателье|Пекарня|Оптика|Фитнес-клуб|Книжная лавка",
    ],
    professions: "Адвокаты|Архитекторы|Бухгалтерия|Консультанты|Аудиторы",
    surnames: "Орлов|Лебедев|Морозов|Волков|Зайцев|Голубев|Виноградов|Беляев|Тарасов|Киселёв|Фомин|Никитин|Жуков|\
               Гусев|Титов|Кузьмин",
    given: [
        "Алексей|Игорь|Максим|Николай|Павел|Роман|Сергей|Юрий|Антон|Кирилл",
        "Анна|Ирина|Мария|Наталья|Ольга|Светлана|Татьяна|Юлия|Елена|Вера",
    ],
};

const UKRAINIAN: Words = Words {
    stems: "Калина|Дніпро|Світанок|Джерело|Обрій|Карпати|Соняшник|Вишиванка|Мрія|Хортиця|Злагода|Барвінок|Чумак|\
            Верховина|Смерека|Зоряний шлях|Лелека|Писанка|Полонина|Надія|Криниця|Явір",
    trades: [
        "Холдинг|Страхова компанія|Агрофірма|Логістика|Фармація|Енергетика",
        "Клініка|Видавництво|Фабрика|Лабораторія|Агенція|Торговий дім|Готель",
        "Друкарня|Майстерня|Студія|Кав’ярня|Автосервіс|Ательє|Пекарня|Оптика|Книгарня|Аптека",
    ],
    professions: "Адвокати|Архітектори|Бухгалтерія|Консультанти|Аудитори",
    surnames: "Бондаренко|Ткаченко|Кравчук|Мельник|Коваленко|Савчук|Романюк|Павленко|Лисенко|Гончар|Данилюк|\
               Семенко|Яремчук|Тимошенко|Гнатюк|Кузьменко",
    given: [
        "Андрій|Богдан|Віталій|Остап|Тарас|Юрій|Максим|Роман|Назар|Ігор",
        "Оксана|Ірина|Марія|Наталія|Софія|Соломія|Тетяна|Юлія|Галина|Дарина",
    ],
};

const CHINESE: Words = Words {
    stems: "云帆|华信|锦程|晨光|鼎盛|瑞丰|海川|金桥|明远|星河|嘉禾|长青|博雅|启航|天成|永安|和风|远景|青松|红木|\
            南山|鸿运|百合|春晓|新纪元|蓝海",
    trades: [
        "集团|物流有限公司|能源股份|保险公司|医药集团|钢铁股份|航空",
        "科技有限公司|贸易有限公司|国际学校|医院|出版社|包装厂|酒店",
        "设计工作室|茶室|书店|牙科诊所|摄影|健身房|面包房|眼镜店|花艺|印刷社",
    ],
    professions: "律师事务所|会计师事务所|建筑设计|咨询",
    surnames: "张|李|刘|陈|杨|赵|黄|周|吴|徐|孙|胡|朱|高|林|何|郭|马|罗|梁|宋|郑",
    given: [
        "伟|强|磊|军|勇|建国|志明|浩然|子轩|文博|俊杰|思远",
        "敏|静|丽|艳|秀英|晓燕|雨桐|梦瑶|佳怡|淑华|婷婷|雪梅",
    ],
};

const fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &ENGLISH,
        Language::Pt => &PORTUGUESE,
        Language::Es => &SPANISH,
        Language::Ru => &RUSSIAN,
        Language::Uk => &UKRAINIAN,
        Language::Zh => &CHINESE,
    }
}

/// One of the words of a list cut at the bar.
pub(super) fn one_of(chance: &mut Chance, list: &'static str) -> &'static str {
    let many = list.split('|').count() as i64;
    list.split('|').nth(chance.below(many) as usize).unwrap_or_default()
}

/// Gives names no two of which are the same.
#[derive(Debug, Default)]
pub(super) struct Register {
    taken: HashSet<String>,
}

impl Register {
    /// Keeps a name for somebody of the story.
    pub(super) fn reserve(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// A new firm's name, or a new person's.
    pub(super) fn name(
        &mut self,
        chance: &mut Chance,
        language: Language,
        segment: Segment,
        is_person: bool,
    ) -> String {
        loop {
            let name = match segment {
                _ if is_person => person(chance, language),
                Segment::Small if chance.per_mille(420) => partners(chance, language),
                Segment::Midmarket if chance.per_mille(120) => partners(chance, language),
                _ => firm(chance, language, segment),
            };
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

fn firm(chance: &mut Chance, language: Language, segment: Segment) -> String {
    let words = words(language);
    let stem = one_of(chance, words.stems);
    let [large, middle, small] = words.trades;
    let trade = match segment {
        Segment::Enterprise => one_of(chance, large),
        Segment::Midmarket => one_of(chance, middle),
        Segment::Small => one_of(chance, small),
    };
    match (language, segment) {
        (Language::En, _) | (Language::Pt, Segment::Enterprise) => format!("{stem} {trade}"),
        (Language::Pt | Language::Es, _) => format!("{trade} {stem}"),
        (Language::Ru | Language::Uk, _) => format!("{trade} «{stem}»"),
        (Language::Zh, _) => format!("{stem}{trade}"),
    }
}

fn partners(chance: &mut Chance, language: Language) -> String {
    let words = words(language);
    let first = one_of(chance, words.surnames);
    let mut second = one_of(chance, words.surnames);
    while second == first {
        second = one_of(chance, words.surnames);
    }
    let profession = one_of(chance, words.professions);
    match language {
        Language::En | Language::Pt => format!("{first} & {second} {profession}"),
        Language::Es => format!("{first} y {second} {profession}"),
        Language::Ru => format!("{profession} «{first} и {second}»"),
        Language::Uk => format!("{profession} «{first} та {second}»"),
        Language::Zh => format!("{first}{second}{profession}"),
    }
}

fn person(chance: &mut Chance, language: Language) -> String {
    let words = words(language);
    let [men, women] = words.given;
    let is_woman = chance.per_mille(500);
    let given = one_of(chance, if is_woman { women } else { men });
    let surname = one_of(chance, words.surnames);
    match language {
        Language::Zh => format!("{surname}{given}"),
        Language::Ru if is_woman => format!("{given} {surname}а"),
        _ => format!("{given} {surname}"),
    }
}

/// The name in plain letters, for an e-mail address; empty where its script has none.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        match plain(letter) {
            Some(plain) => slug.push(plain),
            None if slug.ends_with('-') || slug.is_empty() => {}
            None => slug.push('-'),
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

const fn plain(letter: char) -> Option<char> {
    match letter {
        'a'..='z' | '0'..='9' => Some(letter),
        'á' | 'â' | 'ã' | 'à' => Some('a'),
        'é' | 'ê' => Some('e'),
        'í' => Some('i'),
        'ó' | 'ô' | 'õ' => Some('o'),
        'ú' | 'ü' => Some('u'),
        'ç' => Some('c'),
        'ñ' => Some('n'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance, Language, Register, Segment, slug};

    #[test]
    fn no_name_comes_twice() {
        let (mut register, mut chance) = (Register::default(), Chance::new(3));
        for _ in 0..300 {
            assert!(!register.name(&mut chance, Language::Pt, Segment::Small, false).is_empty());
        }
        assert_eq!(register.taken.len(), 300);
    }

    #[test]
    fn slugs_are_plain_letters() {
        assert_eq!(slug("Clínica São Bento"), "clinica-sao-bento");
        assert_eq!(slug("Mendes & Rocha Advogados"), "mendes-rocha-advogados");
        assert_eq!(slug("云帆科技"), "");
    }
}
