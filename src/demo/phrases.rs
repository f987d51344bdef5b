//! What reps and customers write, in the six languages: notes of talks, subjects of follow-ups, labels of
//! days to remember. Lists are single strings, cut at the bar.

use super::names::Language;

/// How a rep and a customer were in touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    Call,
    #[default]
    Email,
    Visit,
    Meeting,
}

impl Kind {
    /// The kind as the store keeps it.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Email => "email",
            Self::Visit => "visit",
            Self::Meeting => "meeting",
        }
    }
}

/// Notes of a call, an e-mail, a visit and a meeting, in this order.
const fn notes_in(language: Language) -> [&'static str; 4] {
    match language {
        Language::En => [
            "Happy with the new blend; wants oat milk from next week.|Asked why the last delivery came late.|\
             Three new colleagues, checks whether the larger plan pays.|Nobody at the desk, left a message.",
            "Sent the price list for snacks.|Answered a question about the last invoice.|\
             Sent dates for the machine service.",
            "Cleaned the grinder together, showed the new pods.|Tasting in the kitchen, the dark roast won.|\
             Stock cupboard half empty on Thursdays: suggest two deliveries.",
            "Yearly review: satisfied, renews if the price holds.|Met the new office lead.|\
             Went through consumption by floor.",
        ],
        Language::Pt => [
            "Gostaram do novo blend; querem leite de aveia.|Perguntou por que a última entrega atrasou.|\
             Chegaram três colegas novos, avalia um plano maior.|Ninguém atendeu, deixei recado.",
            "Enviei a tabela de preços dos snacks.|Respondi à dúvida sobre a última fatura.|\
             Enviei datas para a manutenção da máquina.",
            "Limpamos o moedor juntos, mostrei as novas cápsulas.|Degustação na copa, venceu a torra escura.|\
             Armário vazio às quintas: sugerir duas entregas.",
            "Revisão anual: satisfeitos, renovam se o preço ficar.|Conheci a nova responsável pelo escritório.|\
             Revisamos o consumo por andar.",
        ],
        Language::Es => [
            "Les gusta la nueva mezcla; piden leche de avena.|Preguntó por qué llegó tarde la última entrega.|\
             Entraron tres personas, evalúa un plan mayor.|No contestan, dejé un mensaje.",
            "Envié la lista de precios de snacks.|Respondí la consulta sobre la última factura.|\
             Envié fechas para el servicio de la máquina.",
            "Limpiamos juntos el molinillo, mostré las cápsulas nuevas.|Degustación: ganó el tueste oscuro.|\
             La despensa queda vacía los jueves: proponer dos entregas.",
            "Revisión anual: conformes, renuevan si el precio se mantiene.|Conocí a la nueva encargada.|\
             Vimos el consumo por piso.",
        ],
        Language::Ru => [
            "Новая смесь понравилась, просят овсяное молоко.|Спросили, почему опоздала последняя доставка.|\
             Пришли три новых сотрудника, думают о большем тарифе.|Не дозвонился, оставил сообщение.",
            "Отправил прайс-лист на снеки.|Ответил на вопрос по последнему счёту.|\
             Отправил даты обслуживания машины.",
            "Вместе почистили кофемолку, показал новые капсулы.|Дегустация: победила тёмная обжарка.|\
             По четвергам шкаф пуст: предложить две доставки.",
            "Годовая встреча: довольны, продлят, если цена не вырастет.|Познакомился с новым офис-менеджером.|\
             Разобрали расход по этажам.",
        ],
        Language::Uk => [
            "Нова суміш сподобалася, просять вівсяне молоко.|Питали, чому запізнилася остання доставка.|\
             Троє нових колег, думають про більший тариф.|Не відповідають, залишила повідомлення.",
            "Надіслала прайс на снеки.|Відповіла на питання щодо останнього рахунку.|\
             Надіслала дати обслуговування машини.",
            "Разом почистили кавомолку, показала нові капсули.|Дегустація: перемогло темне обсмаження.|\
             Щочетверга шафа порожня: запропонувати дві доставки.",
            "Річна зустріч: задоволені, продовжать, якщо ціна не зросте.|Познайомилася з новою керівницею офісу.|\
             Переглянули споживання за поверхами.",
        ],
        Language::Zh => [
            "喜欢新的拼配豆，希望加燕麦奶。|询问上次配送为何迟到。|新来三位同事，考虑升级套餐。|无人接听，已留言。",
            "已发送零食价目表。|已回复上一张发票的问题。|已发送咖啡机保养日期。",
            "一起清洗磨豆机，介绍了新胶囊。|茶水间品鉴，深烘最受欢迎。|每周四柜子都空了：建议每周配送两次。",
            "年度回顾：满意，价格不变就续约。|认识了新的行政负责人。|按楼层查看了用量。",
        ],
    }
}

/// Notes of one kind of talk.
pub(super) const fn notes(language: Language, kind: Kind) -> &'static str {
    let [call, email, visit, meeting] = notes_in(language);
    match kind {
        Kind::Call => call,
        Kind::Email => email,
        Kind::Visit => visit,
        Kind::Meeting => meeting,
    }
}

/// What a rep has to do next; the first is the most pressing.
pub(super) const fn subjects(language: Language) -> &'static str {
    match language {
        Language::En => {
            "Send the new proposal|Call about the renewal|Confirm the tasting|Settle the late delivery|\
             Offer the larger plan|Arrange the machine service|Ask for the overdue invoice|\
             Introduce the new blend|Clear up the complaint"
        }
        Language::Pt => {
            "Enviar a nova proposta|Ligar sobre a renovação|Confirmar a degustação|Resolver a entrega atrasada|\
             Oferecer o plano maior|Agendar a manutenção da máquina|Cobrar a fatura em atraso|\
             Apresentar o novo blend|Esclarecer a reclamação"
        }
        Language::Es => {
            "Enviar la nueva propuesta|Llamar por la renovación|Confirmar la degustación|\
             Resolver la entrega demorada|Ofrecer el plan mayor|Coordinar el servicio de la máquina|\
             Reclamar la factura vencida|Presentar la nueva mezcla|Aclarar el reclamo"
        }
        Language::Ru => {
            "Отправить новое предложение|Позвонить о продлении|Подтвердить дегустацию|\
             Разобраться с опоздавшей доставкой|Предложить больший тариф|Назначить обслуживание машины|\
             Напомнить о просроченном счёте|Показать новую смесь|Закрыть жалобу"
        }
        Language::Uk => {
            "Надіслати нову пропозицію|Зателефонувати щодо продовження|Підтвердити дегустацію|\
             Розібратися із запізнілою доставкою|Запропонувати більший тариф|Узгодити обслуговування машини|\
             Нагадати про прострочений рахунок|Показати нову суміш|Закрити скаргу"
        }
        Language::Zh => {
            "发送新方案|致电确认续约|确认品鉴会|处理延迟配送|推荐更大的套餐|安排咖啡机保养|催收逾期发票|介绍新拼配豆|跟进投诉"
        }
    }
}

/// The days to remember: two that come every year, one that comes once.
pub(super) const fn days(language: Language) -> [&'static str; 3] {
    match language {
        Language::En => ["Office anniversary", "Office lead's birthday", "Move to the new office"],
        Language::Pt => {
            ["Aniversário do escritório", "Aniversário da responsável", "Mudança para o novo escritório"]
        }
        Language::Es => {
            ["Aniversario de la oficina", "Cumpleaños de la encargada", "Mudanza a la nueva oficina"]
        }
        Language::Ru => ["Годовщина офиса", "День рождения офис-менеджера", "Переезд в новый офис"],
        Language::Uk => ["Річниця офісу", "День народження керівниці офісу", "Переїзд до нового офісу"],
        Language::Zh => ["公司周年庆", "行政负责人生日", "搬迁新办公室"],
    }
}
