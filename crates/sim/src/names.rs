//! Given and family names by origin. Common words of each naming tradition, put together by lot: a whole
//! name is nobody's in particular.

use crate::draw::Lot;
use crate::more_names;
use crate::people::{Origin, Sex};

/// How a tradition makes a whole name.
pub(crate) enum Form {
    /// Given name, family name.
    GivenFamily,
    /// Family name first.
    FamilyGiven,
    /// Given name and two family names.
    TwoFamily,
    /// Often one name only.
    Single,
    /// Given name, the father's name in some form, and a family name or the grandfather's name.
    Patronymic,
}

pub(crate) struct Names {
    pub(crate) form: Form,
    pub(crate) female: &'static [&'static str],
    pub(crate) male: &'static [&'static str],
    pub(crate) family: &'static [&'static str],
}

impl Names {
    pub(crate) const fn given(&self, sex: Sex) -> &'static [&'static str] {
        match sex {
            Sex::Female => self.female,
            Sex::Male => self.male,
        }
    }
}

#[rustfmt::skip]
pub(crate) const fn of(origin: Origin) -> Names {
    use Form::{FamilyGiven, GivenFamily, Patronymic, Single, TwoFamily};
    match origin {
        Origin::Albanian => Names { form: GivenFamily,
            female: &["Arta", "Blerta", "Drita", "Elira", "Mirjeta", "Teuta", "Valbona", "Zamira"],
            male: &["Agim", "Besnik", "Dritan", "Ermal", "Fatos", "Ilir", "Luan", "Skënder"],
            family: &["Berisha", "Çela", "Dervishi", "Gjoni", "Hoxha", "Kelmendi", "Leka", "Shehu", "Zogu", "Brahimi"] },
        Origin::Arabic => Names { form: GivenFamily,
            female: &["Amal", "Dalia", "Fatima", "Hanan", "Layla", "Mariam", "Noor", "Yasmin"],
            male: &["Ahmed", "Hassan", "Ibrahim", "Khaled", "Mahmoud", "Omar", "Tariq", "Youssef"],
            family: &["Al-Amin", "Al-Hassan", "El-Sayed", "Haddad", "Khoury", "Mansour", "Nasser", "Saleh", "Abd El-Rahman", "Darwish"] },
        Origin::Bangladeshi => Names { form: GivenFamily,
            female: &["Ayesha", "Farzana", "Jahanara", "Nasrin", "Rahima", "Shirin", "Sultana", "Taslima"],
            male: &["Abdul", "Faruk", "Jamal", "Kamal", "Mizanur", "Mohammed", "Rafiq", "Shahid"],
            family: &["Ahmed", "Begum", "Chowdhury", "Hossain", "Islam", "Khatun", "Miah", "Rahman", "Uddin", "Ali"] },
        Origin::British => Names { form: GivenFamily,
            female: &["Alice", "Charlotte", "Emily", "Grace", "Margaret", "Olivia", "Sarah", "Zoë"],
            male: &["Andrew", "David", "George", "James", "Michael", "Oliver", "Thomas", "William"],
            family: &["Clark", "Davies", "Evans", "Green", "Hughes", "Johnson", "Smith", "Taylor", "Walker", "Wright"] },
        Origin::Chinese => Names { form: FamilyGiven,
            female: &["Fang", "Hui", "Jing", "Li Na", "Mei", "Xia", "Xiuying", "Yan"],
            male: &["Bo", "Chao", "Jun", "Lei", "Ming", "Qiang", "Wei", "Zhiwei"],
            family: &["Chen", "Huang", "Li", "Liu", "Lü", "Wang", "Wu", "Yang", "Zhang", "Zhao"] },
        Origin::French => Names { form: GivenFamily,
            female: &["Aurélie", "Chloé", "Élodie", "Hélène", "Inès", "Léa", "Manon", "Zoé"],
            male: &["Anaël", "François", "Gaël", "Jérôme", "Lucas", "Noël", "Rémi", "Théo"],
            family: &["Bernard", "D'Aubigny", "Dubois", "Fournier", "Lefèvre", "L'Hermitte", "Martin", "Moreau", "Petit", "Roux"] },
        Origin::Ghanaian => Names { form: GivenFamily,
            female: &["Abena", "Adwoa", "Afia", "Akosua", "Ama", "Efua", "Esi", "Yaa"],
            male: &["Kofi", "Kojo", "Kwabena", "Kwadwo", "Kwaku", "Kwame", "Kwasi", "Yaw"],
            family: &["Acheampong", "Agyeman", "Amoah", "Appiah", "Asante", "Boateng", "Mensah", "Osei", "Owusu", "Sarpong"] },
        Origin::Indian => Names { form: GivenFamily,
            female: &["Aarti", "Anjali", "Deepa", "Gurpreet", "Kavita", "Manpreet", "Priya", "Sunita"],
            male: &["Amit", "Arjun", "Baljit", "Gurpreet", "Harpreet", "Rajesh", "Sanjay", "Vikram"],
            family: &["Desai", "Gill", "Iyer", "Kaur", "Mehta", "Patel", "Reddy", "Shah", "Sharma", "Singh"] },
        Origin::Indonesian => Names { form: Single,
            female: &["Ayu", "Dewi", "Indah", "Kartika", "Lestari", "Puspita", "Sari", "Wulandari"],
            male: &["Agus", "Bambang", "Budi", "Hartono", "Slamet", "Sutrisno", "Wahyu", "Yudi"],
            family: &["Gunawan", "Halim", "Kusuma", "Lubis", "Nasution", "Santoso", "Setiawan", "Siregar", "Wibowo", "Wijaya"] },
        Origin::Irish => Names { form: GivenFamily,
            female: &["Aoife", "Bríd", "Caoimhe", "Gráinne", "Niamh", "Róisín", "Siobhán", "Úna"],
            male: &["Cathal", "Ciarán", "Conor", "Eoin", "Oisín", "Pádraig", "Seán", "Tadhg"],
            family: &["Byrne", "Doherty", "Gallagher", "Kelly", "Murphy", "O'Brien", "O'Connor", "O'Sullivan", "Ó Dálaigh", "Walsh"] },
        Origin::Nigerian => Names { form: GivenFamily,
            female: &["Adaeze", "Amaka", "Chioma", "Folake", "Ngozi", "Omolara", "Titilayo", "Yetunde"],
            male: &["Adebayo", "Babatunde", "Chukwuemeka", "Emeka", "Ikenna", "Obinna", "Olumide", "Tunde"],
            family: &["Abiodun", "Adeyemi", "Balogun", "Eze", "Nwosu", "Obi", "Okafor", "Okonkwo", "Olatunji", "Ọlá"] },
        Origin::Pakistani => Names { form: GivenFamily,
            female: &["Ayesha", "Bushra", "Fatima", "Nadia", "Rubina", "Saima", "Shazia", "Zainab"],
            male: &["Adnan", "Asif", "Bilal", "Imran", "Kashif", "Mohammad", "Tariq", "Usman"],
            family: &["Ahmed", "Akhtar", "Bibi", "Butt", "Chaudhry", "Hussain", "Iqbal", "Khan", "Mahmood", "Malik"] },
        Origin::Polish => Names { form: GivenFamily,
            female: &["Agnieszka", "Ewa", "Iwona", "Katarzyna", "Małgorzata", "Monika", "Wioletta", "Zofia"],
            male: &["Grzegorz", "Jakub", "Krzysztof", "Łukasz", "Michał", "Paweł", "Stanisław", "Wojciech"],
            family: &["Dąbrowski", "Kowalczyk", "Lewandowska", "Mazur", "Nowak", "Pawlak", "Szymczak", "Wiśniewska", "Woźniak", "Żak"] },
        Origin::Portuguese => Names { form: TwoFamily,
            female: &["Ana", "Beatriz", "Conceição", "Inês", "Joana", "Luísa", "Márcia", "Sónia"],
            male: &["António", "Duarte", "João", "José", "Luís", "Nuno", "Rui", "Tomé"],
            family: &["Almeida", "Araújo", "Carvalho", "Conceição", "Costa", "dos Santos", "Gonçalves", "Lopes", "Pereira", "Simões"] },
        Origin::Romanian => Names { form: GivenFamily,
            female: &["Adriana", "Cătălina", "Elena", "Ioana", "Mădălina", "Mihaela", "Roxana", "Ștefania"],
            male: &["Alexandru", "Bogdan", "Cătălin", "Florin", "Ionuț", "Mihai", "Răzvan", "Ștefan"],
            family: &["Constantin", "Dumitru", "Ionescu", "Marin", "Munteanu", "Pop", "Rusu", "Stan", "Țăranu", "Ungureanu"] },
        Origin::Somali => Names { form: TwoFamily,
            female: &["Amina", "Asha", "Faduma", "Halima", "Hodan", "Khadija", "Sahra", "Ubah"],
            male: &["Abdi", "Ali", "Farah", "Hassan", "Ismail", "Mohamed", "Nur", "Yusuf"],
            family: &["Abdullahi", "Ahmed", "Ali", "Farah", "Hassan", "Hersi", "Ibrahim", "Jama", "Mohamed", "Warsame"] },
        Origin::Spanish => Names { form: TwoFamily,
            female: &["Begoña", "Carmen", "Inés", "Lucía", "María", "Pilar", "Rocío", "Sofía"],
            male: &["Andrés", "Iñaki", "Javier", "Jesús", "Joaquín", "José", "Óscar", "Raúl"],
            family: &["Castro", "Fernández", "García", "Gómez", "Ibáñez", "Muñoz", "Núñez", "Pérez", "Romero", "Sánchez"] },
        Origin::Turkish => Names { form: GivenFamily,
            female: &["Ayşe", "Çiğdem", "Elif", "Gül", "Hatice", "Özlem", "Şule", "Zeynep"],
            male: &["Barış", "Cem", "Emre", "Hakan", "İbrahim", "Mehmet", "Oğuz", "Ümit"],
            family: &["Aydın", "Çelik", "Demir", "Doğan", "Kaya", "Öztürk", "Şahin", "Yıldırım", "Yılmaz", "Ünal"] },
        Origin::Vietnamese => Names { form: FamilyGiven,
            female: &["Thị Ánh", "Thị Bích", "Thị Hạnh", "Thị Hoa", "Thị Lan", "Thị Mai", "Thị Ngọc", "Thị Thu"],
            male: &["Văn Bình", "Văn Dũng", "Văn Đức", "Văn Hùng", "Văn Minh", "Văn Nam", "Văn Sơn", "Văn Tuấn"],
            family: &["Bùi", "Đặng", "Đỗ", "Hoàng", "Lê", "Ngô", "Nguyễn", "Phạm", "Trần", "Vũ"] },
        Origin::Ethiopian => Names { form: Patronymic,
            female: &["Abeba", "Aster", "Genet", "Hiwot", "Meseret", "Selam", "Tigist", "Yordanos"],
            male: &["Abebe", "Bekele", "Dawit", "Girma", "Haile", "Kebede", "Tesfaye", "Yohannes"],
            family: &["Alemu", "Assefa", "Demissie", "Fikru", "Lemma", "Mekonnen", "Negash", "Tadesse", "Worku", "Zewde"] },
        Origin::Iranian => Names { form: GivenFamily,
            female: &["Azadeh", "Fatemeh", "Leila", "Maryam", "Nasrin", "Parisa", "Shirin", "Zahra"],
            male: &["Ali", "Behrouz", "Farhad", "Hossein", "Mehdi", "Mohammad", "Reza", "Yousef"],
            family: &["Ahmadi", "Ebrahimi", "Hosseini", "Jafari", "Karimi", "Moradi", "Mousavi", "Rahimi", "Rezaei", "Sadeghi"] },
        Origin::Ukrainian => Names { form: Patronymic,
            female: &["Halyna", "Iryna", "Kateryna", "Nataliia", "Oksana", "Olena", "Svitlana", "Yuliia"],
            male: &["Andrii", "Dmytro", "Ivan", "Mykola", "Oleksandr", "Serhii", "Volodymyr", "Yevhen"],
            family: &["Bondarenko", "Hrytsenko", "Kovalenko", "Kravchuk", "Lysenko", "Melnyk", "Petrenko", "Savchenko", "Shevchuk", "Tkachenko"] },
    }
}

/// A given name of this tradition, of all that there are.
pub(crate) fn given(lot: Lot, label: &str, origin: Origin, sex: Sex) -> &'static str {
    let (few, more) = (of(origin).given(sex), more_names::of(origin).given(sex));
    either(lot, label, few, more)
}

/// A family name of this tradition, of all that there are.
pub(crate) fn family(lot: Lot, label: &str, origin: Origin) -> &'static str {
    either(lot, label, of(origin).family, more_names::of(origin).family)
}

fn either(
    lot: Lot,
    label: &str,
    few: &'static [&'static str],
    more: &'static [&'static str],
) -> &'static str {
    let below = u64::try_from(few.len().saturating_add(more.len())).unwrap_or(0);
    let at = usize::try_from(lot.number(label, below)).unwrap_or(0);
    few.iter().chain(more).nth(at).copied().unwrap_or_default()
}

/// What stands between the given and the family name where a tradition has the father's name there.
#[rustfmt::skip]
pub(crate) const fn fathers(origin: Origin, sex: Sex) -> &'static [&'static str] {
    match (origin, sex) {
        (Origin::Ukrainian, Sex::Female) => &["Andriivna", "Dmytrivna", "Ivanivna", "Mykolaivna", "Oleksandrivna", "Serhiivna", "Volodymyrivna", "Yevhenivna"],
        (Origin::Ukrainian, Sex::Male) => &["Andriiovych", "Dmytrovych", "Ivanovych", "Mykolaiovych", "Oleksandrovych", "Serhiiovych", "Volodymyrovych", "Yevhenovych"],
        _ => of(origin).male,
    }
}

/// Spellings of one name in Latin letters, as different clerks and passports have them.
#[rustfmt::skip]
const SPELLINGS: [&[&str]; 79] = [
    &["Mohammed", "Muhammad", "Mohamed", "Mohammad", "Muhammed", "Mohamad"],
    &["Ahmed", "Ahmad", "Ahmet"],
    &["Hassan", "Hasan", "Hassen"],
    &["Hussain", "Hussein", "Hossain", "Husain", "Hossein"],
    &["Ibrahim", "Ebrahim", "İbrahim"],
    &["Youssef", "Yusuf", "Yousef", "Yousuf"],
    &["Omar", "Umar", "Omer"],
    &["Khaled", "Khalid"],
    &["Tariq", "Tarik", "Tareq"],
    &["Mahmoud", "Mahmood", "Mahmud", "Mehmood"],
    &["Ali", "Aly"],
    &["Ismail", "Ismael", "Esmail"],
    &["Abdul", "Abdel", "Abdal"],
    &["Rahman", "Rehman", "Rahmaan"],
    &["Chowdhury", "Choudhury", "Chaudhry", "Chaudhary", "Choudhry"],
    &["Uddin", "Udin", "Ud-Din"],
    &["Miah", "Mia", "Miya"],
    &["Fatima", "Fatimah", "Fatemeh", "Faduma"],
    &["Ayesha", "Aisha", "Aysha", "Ayşe"],
    &["Khadija", "Khadijah", "Hatice"],
    &["Mariam", "Maryam", "Miriam"],
    &["Layla", "Leila", "Laila"],
    &["Yasmin", "Yasmeen", "Jasmin"],
    &["Noor", "Nur", "Nour"],
    &["Zainab", "Zaynab", "Zeynep"],
    &["Amina", "Aminah", "Aamina"],
    &["Nasrin", "Nasreen"],
    &["Shirin", "Shireen"],
    &["Bilal", "Bilaal"],
    &["Usman", "Osman", "Uthman"],
    &["Akhtar", "Akhter", "Aktar", "Akter"],
    &["Iqbal", "Ikbal", "Eqbal"],
    &["Mansour", "Mansoor", "Mansur"],
    &["Saleh", "Salih", "Salah"],
    &["Abdullahi", "Abdulahi", "Abdullah"],
    &["Al-Amin", "Alamin", "El-Amin"],
    &["Oleksandr", "Aleksandr", "Alexander", "Olexandr"],
    &["Dmytro", "Dmitry", "Dmitri", "Dmitriy"],
    &["Serhii", "Serhiy", "Sergei", "Sergey"],
    &["Andrii", "Andriy", "Andrey", "Andrei"],
    &["Volodymyr", "Vladimir"],
    &["Mykola", "Nikolai", "Nikolay"],
    &["Yevhen", "Evgeny", "Yevgeny", "Ievgen"],
    &["Kateryna", "Ekaterina", "Katerina"],
    &["Olena", "Elena", "Yelena", "Helena"],
    &["Nataliia", "Natalia", "Nataliya", "Natalya"],
    &["Yuliia", "Yulia", "Julia", "Iuliia"],
    &["Iryna", "Irina", "Irena"],
    &["Savchenko", "Sawchenko"],
    &["Yohannes", "Johannes", "Yohanes"],
    &["Tesfaye", "Tesfay", "Tesfai"],
    &["Mekonnen", "Mekonen", "Makonnen"],
    &["Zhang", "Chang", "Cheung"],
    &["Huang", "Hwang", "Wong"],
    &["Li", "Lee"],
    &["Sharma", "Sarma"],
    &["Hosseini", "Husseini", "Hoseini"],
    &["Ebrahimi", "Ibrahimi"],
    &["Tetiana", "Tatiana", "Tetyana", "Tatyana"],
    &["Anastasiia", "Anastasia", "Anastasiya"],
    &["Mariia", "Maria", "Mariya"],
    &["Viktoriia", "Viktoria", "Victoria"],
    &["Liudmyla", "Ludmila", "Lyudmila"],
    &["Oleh", "Oleg"],
    &["Pavlo", "Pavel"],
    &["Hryhorii", "Grigory", "Hryhoriy"],
    &["Honchar", "Gonchar"],
    &["Haidai", "Gaidai", "Gayday"],
    &["Zhou", "Chow", "Chou"],
    &["Xu", "Hsu"],
    &["Guo", "Kuo"],
    &["Qureshi", "Quraishi", "Koreshi"],
    &["Siddiqui", "Siddiqi", "Siddique"],
    &["Shaikh", "Sheikh", "Sheik"],
    &["Faisal", "Faysal", "Feisal"],
    &["Javed", "Javid", "Jawed"],
    &["Haque", "Hoque", "Huq"],
    &["Abdirahman", "Abdurahman", "Abdulrahman"],
    &["Mohammadi", "Muhammadi", "Mohamadi"],
];

/// The other spellings of this word, and the word itself; none where it has one spelling.
pub(crate) fn spellings(word: &str) -> &'static [&'static str] {
    SPELLINGS
        .into_iter()
        .find(|group| group.contains(&word))
        .unwrap_or_default()
}
