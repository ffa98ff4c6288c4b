//! More words of the naming traditions, for the large world: with the few of [`crate::names`] alone, every
//! eighteenth person of a tradition would have the name of another.

use crate::people::{Origin, Sex};

pub(crate) struct More {
    female: &'static [&'static str],
    male: &'static [&'static str],
    pub(crate) family: &'static [&'static str],
}

impl More {
    pub(crate) const fn given(&self, sex: Sex) -> &'static [&'static str] {
        match sex {
            Sex::Female => self.female,
            Sex::Male => self.male,
        }
    }
}

#[rustfmt::skip]
pub(crate) const fn of(origin: Origin) -> More {
    match origin {
        Origin::Albanian => More {
            female: &["Albana", "Anila", "Besa", "Edlira", "Fatmira", "Jonida", "Lindita", "Mimoza", "Rovena", "Shpresa"],
            male: &["Altin", "Arben", "Bujar", "Edmond", "Genc", "Kastriot", "Petrit", "Sokol", "Valon", "Zef"],
            family: &["Bajrami", "Basha", "Cakaj", "Doda", "Elezi", "Gashi", "Gega", "Hasani", "Kola", "Krasniqi", "Lleshi", "Marku", "Mehmeti", "Ndoja", "Pepa", "Prifti", "Rama", "Selimi", "Toska", "Xhaferi"] },
        Origin::Arabic => More {
            female: &["Abeer", "Asma", "Huda", "Iman", "Lina", "Nadia", "Rania", "Salma", "Samira", "Zahra"],
            male: &["Adel", "Bassam", "Faisal", "Hamza", "Jamal", "Karim", "Nabil", "Samir", "Walid", "Ziad"],
            family: &["Al-Jabouri", "Al-Masri", "Al-Najjar", "Al-Rawi", "Al-Tamimi", "Aziz", "Bakr", "Barakat", "El-Din", "Fadel", "Farouk", "Hamdan", "Ismail", "Jaber", "Kassem", "Mahdi", "Osman", "Qasim", "Salman", "Zaki"] },
        Origin::Bangladeshi => More {
            female: &["Afroza", "Dilara", "Fahmida", "Hasina", "Kohinoor", "Monira", "Rehana", "Rokeya", "Selina", "Shahnaz"],
            male: &["Anwar", "Delwar", "Habib", "Iqbal", "Khalil", "Masud", "Nazrul", "Shamim", "Shafiq", "Tariq"],
            family: &["Akter", "Alam", "Bhuiyan", "Biswas", "Das", "Haque", "Howlader", "Karim", "Khan", "Kibria", "Majumder", "Mannan", "Mia", "Mollah", "Nessa", "Roy", "Sarkar", "Sheikh", "Sikder", "Talukder"] },
        Origin::British => More {
            female: &["Amelia", "Bethany", "Catherine", "Eleanor", "Hannah", "Harriet", "Jessica", "Lucy", "Rebecca", "Sophie"],
            male: &["Adam", "Benjamin", "Charles", "Daniel", "Edward", "Harry", "Matthew", "Peter", "Robert", "Samuel"],
            family: &["Allen", "Baker", "Bennett", "Carter", "Cooper", "Edwards", "Fletcher", "Foster", "Griffiths", "Harrison", "Hill", "Lloyd", "Marshall", "Mitchell", "Palmer", "Parker", "Price", "Roberts", "Turner", "Webb"] },
        Origin::Chinese => More {
            female: &["Aihua", "Chunyan", "Haiyan", "Jiaying", "Lihua", "Meiling", "Qiuyue", "Shuzhen", "Wenjing", "Yulan"],
            male: &["Bingwen", "Dawei", "Guoliang", "Haoran", "Jianguo", "Kaiwen", "Mingyu", "Shaoqi", "Xiaofeng", "Yongjun"],
            family: &["Cai", "Deng", "Feng", "Gao", "Guo", "He", "Hu", "Jiang", "Lin", "Luo", "Ma", "Peng", "Shen", "Sun", "Tang", "Xie", "Xu", "Yu", "Zheng", "Zhou"] },
        Origin::Ethiopian => More {
            female: &["Almaz", "Bethlehem", "Eden", "Feven", "Helen", "Letay", "Mahlet", "Rahel", "Senait", "Winta"],
            male: &["Addisu", "Biniam", "Desta", "Ephrem", "Filmon", "Kidane", "Mulugeta", "Solomon", "Teklu", "Yonas"],
            family: &["Abraha", "Asmelash", "Ayele", "Berhane", "Bezabih", "Eyob", "Gebre", "Goitom", "Habte", "Hagos", "Kahsay", "Kiros", "Mebrahtu", "Mehari", "Mengistu", "Negussie", "Sahle", "Tekle", "Wolde", "Zerai"] },
        Origin::French => More {
            female: &["Agnès", "Bénédicte", "Camille", "Delphine", "Estelle", "Gaëlle", "Juliette", "Mireille", "Pauline", "Solène"],
            male: &["Antoine", "Baptiste", "Clément", "Étienne", "Fabrice", "Guillaume", "Julien", "Mathieu", "Olivier", "Sébastien"],
            family: &["Bonnet", "Chevalier", "Colin", "Dumas", "Faure", "Garnier", "Gauthier", "Girard", "Guérin", "Lambert", "Leclercq", "Lemoine", "Marchand", "Mercier", "Noël", "Perrin", "Renaud", "Rivière", "Rousseau", "Vasseur"] },
        Origin::Ghanaian => More {
            female: &["Aba", "Adjoa", "Akua", "Araba", "Baaba", "Dede", "Enyonam", "Maame", "Naa", "Serwaa"],
            male: &["Ato", "Ekow", "Fiifi", "Kobina", "Kodjo", "Kwesi", "Nii", "Nana", "Paa", "Yao"],
            family: &["Abban", "Adjei", "Agyapong", "Amponsah", "Ansah", "Antwi", "Asamoah", "Baah", "Bonsu", "Danquah", "Darko", "Donkor", "Frimpong", "Kuffour", "Nkansah", "Ofori", "Opoku", "Quartey", "Tetteh", "Yeboah"] },
        Origin::Indian => More {
            female: &["Ananya", "Bhavna", "Divya", "Geeta", "Jasleen", "Lakshmi", "Meena", "Neha", "Rekha", "Simran"],
            male: &["Anil", "Dinesh", "Ganesh", "Jagdeep", "Kiran", "Manoj", "Nikhil", "Prakash", "Sukhdev", "Vijay"],
            family: &["Agarwal", "Bhatt", "Chauhan", "Das", "Dhillon", "Ghosh", "Grewal", "Jain", "Joshi", "Kapoor", "Kumar", "Menon", "Mishra", "Nair", "Pillai", "Rao", "Sandhu", "Sidhu", "Trivedi", "Verma"] },
        Origin::Indonesian => More {
            female: &["Anisa", "Citra", "Endang", "Fitriani", "Handayani", "Kusumawati", "Maharani", "Ratna", "Suryani", "Yuliana"],
            male: &["Adi", "Darmawan", "Eko", "Fajar", "Hendra", "Irawan", "Joko", "Purnomo", "Suprapto", "Wibisono"],
            family: &["Harahap", "Hidayat", "Hutapea", "Iskandar", "Kartono", "Kurniawan", "Lestari", "Maulana", "Nugroho", "Permana", "Pratama", "Rahayu", "Saputra", "Simanjuntak", "Sitorus", "Sudirman", "Suryadi", "Tanuwijaya", "Utomo", "Yulianto"] },
        Origin::Iranian => More {
            female: &["Atefeh", "Bahareh", "Elham", "Farzaneh", "Golnaz", "Mahsa", "Mina", "Niloufar", "Roya", "Sepideh"],
            male: &["Amir", "Arash", "Babak", "Dariush", "Ehsan", "Hamid", "Kamran", "Majid", "Omid", "Siamak"],
            family: &["Abbasi", "Amini", "Asadi", "Azizi", "Bagheri", "Ghorbani", "Heidari", "Jalali", "Kazemi", "Mohammadi", "Najafi", "Norouzi", "Pourali", "Rostami", "Safari", "Salehi", "Shirazi", "Tehrani", "Yazdani", "Zamani"] },
        Origin::Irish => More {
            female: &["Áine", "Bríona", "Clodagh", "Deirdre", "Eimear", "Fionnuala", "Maeve", "Muireann", "Orla", "Sinéad"],
            male: &["Brendan", "Cillian", "Declan", "Diarmuid", "Fergal", "Lorcan", "Niall", "Rónán", "Ruairí", "Séamus"],
            family: &["Brennan", "Burke", "Carroll", "Connolly", "Daly", "Dunne", "Fitzgerald", "Foley", "Hayes", "Kavanagh", "Kinsella", "Lynch", "MacMahon", "McCarthy", "Nolan", "O'Donnell", "O'Reilly", "Power", "Quinn", "Ryan"] },
        Origin::Nigerian => More {
            female: &["Abimbola", "Bukola", "Chinwe", "Ebele", "Funmilayo", "Ifeoma", "Nneka", "Oluchi", "Simisola", "Uche"],
            male: &["Adewale", "Chidi", "Ebuka", "Femi", "Gbenga", "Ifeanyi", "Kayode", "Nnamdi", "Olusegun", "Uchenna"],
            family: &["Adebisi", "Adeleke", "Afolabi", "Akande", "Akinwande", "Anyanwu", "Bello", "Chukwu", "Danjuma", "Ekwueme", "Idowu", "Igwe", "Lawal", "Madu", "Nnadi", "Ogunleye", "Ojo", "Onyekachi", "Oyelaran", "Uzor"] },
        Origin::Pakistani => More {
            female: &["Amna", "Farah", "Huma", "Kiran", "Lubna", "Nasreen", "Rabia", "Sadia", "Tahira", "Uzma"],
            male: &["Aamir", "Faisal", "Hamid", "Javed", "Khurram", "Naveed", "Rashid", "Sajid", "Waqar", "Zahid"],
            family: &["Abbasi", "Anwar", "Aslam", "Awan", "Baig", "Bhatti", "Dar", "Ghani", "Hameed", "Javed", "Kayani", "Latif", "Mirza", "Mughal", "Nawaz", "Qureshi", "Raja", "Rashid", "Shaikh", "Siddiqui"] },
        Origin::Polish => More {
            female: &["Aleksandra", "Beata", "Danuta", "Elżbieta", "Grażyna", "Joanna", "Kinga", "Magdalena", "Renata", "Urszula"],
            male: &["Bartosz", "Dariusz", "Henryk", "Jarosław", "Kamil", "Maciej", "Marcin", "Rafał", "Sławomir", "Tomasz"],
            family: &["Adamczyk", "Baran", "Chmiel", "Duda", "Gajda", "Jabłoński", "Kaczmarek", "Kołodziej", "Kubiak", "Maj", "Malec", "Mróz", "Pietrzak", "Rutkowska", "Sikora", "Sobczak", "Wilk", "Wrona", "Zając", "Zięba"] },
        Origin::Portuguese => More {
            female: &["Amélia", "Catarina", "Débora", "Filipa", "Graça", "Helena", "Lurdes", "Mónica", "Patrícia", "Teresa"],
            male: &["Afonso", "Bruno", "Diogo", "Fernando", "Gonçalo", "Henrique", "Joaquim", "Mário", "Paulo", "Vítor"],
            family: &["Alves", "Antunes", "Barbosa", "Cardoso", "Correia", "Dias", "Fernandes", "Ferreira", "Fonseca", "Gomes", "Leal", "Marques", "Matos", "Mendes", "Moreira", "Nunes", "Ribeiro", "Rocha", "Tavares", "Teixeira"] },
        Origin::Romanian => More {
            female: &["Alina", "Bianca", "Corina", "Daniela", "Gabriela", "Lavinia", "Loredana", "Raluca", "Simona", "Veronica"],
            male: &["Adrian", "Ciprian", "Cosmin", "Dragoș", "Emil", "Gheorghe", "Ionel", "Liviu", "Marius", "Vasile"],
            family: &["Albu", "Barbu", "Bratu", "Ciobanu", "Cojocaru", "Cristea", "Diaconu", "Dobre", "Enache", "Florea", "Grigore", "Lazăr", "Lungu", "Matei", "Moldovan", "Neagu", "Oprea", "Preda", "Sandu", "Toma"] },
        Origin::Somali => More {
            female: &["Ayan", "Deqa", "Fowsiya", "Ifrah", "Ladan", "Maryan", "Nimo", "Safiya", "Shukri", "Zamzam"],
            male: &["Abdirahman", "Ahmed", "Bashir", "Dahir", "Guled", "Khalif", "Liban", "Mahad", "Omar", "Said"],
            family: &["Abdi", "Aden", "Buraale", "Dirie", "Duale", "Elmi", "Farole", "Gedi", "Guled", "Haji", "Hussein", "Ismail", "Mahamud", "Muse", "Nur", "Omar", "Osman", "Roble", "Samatar", "Yusuf"] },
        Origin::Spanish => More {
            female: &["Alba", "Belén", "Consuelo", "Dolores", "Elena", "Gloria", "Isabel", "Mercedes", "Noelia", "Verónica"],
            male: &["Adrián", "Álvaro", "César", "Diego", "Emilio", "Fermín", "Gonzalo", "Jaime", "Rubén", "Víctor"],
            family: &["Aguilar", "Álvarez", "Blanco", "Cabrera", "Delgado", "Díaz", "Domínguez", "Flores", "Gutiérrez", "Herrera", "Iglesias", "Jiménez", "Martín", "Medina", "Molina", "Ortega", "Ramos", "Rivas", "Serrano", "Vargas"] },
        Origin::Turkish => More {
            female: &["Aslı", "Berna", "Dilek", "Emine", "Fatma", "Gülşen", "Melek", "Nuray", "Sevgi", "Yasemin"],
            male: &["Ahmet", "Burak", "Cengiz", "Erkan", "Fatih", "Halil", "Kemal", "Murat", "Serkan", "Volkan"],
            family: &["Acar", "Aksoy", "Aslan", "Avcı", "Bulut", "Coşkun", "Duman", "Ekinci", "Güneş", "Kılıç", "Koç", "Korkmaz", "Kurt", "Özdemir", "Polat", "Sarı", "Taş", "Tekin", "Toprak", "Uçar"] },
        Origin::Ukrainian => More {
            female: &["Alla", "Anastasiia", "Bohdana", "Daryna", "Inna", "Liudmyla", "Mariia", "Solomiia", "Tetiana", "Viktoriia"],
            male: &["Anatolii", "Bohdan", "Denys", "Hryhorii", "Maksym", "Oleh", "Pavlo", "Roman", "Taras", "Vasyl"],
            family: &["Boiko", "Chumak", "Didenko", "Fedorenko", "Haidai", "Honchar", "Ivashchenko", "Karpenko", "Klymenko", "Kostiuk", "Litvinenko", "Marchenko", "Moroz", "Oliinyk", "Panchenko", "Romaniuk", "Rudenko", "Sydorenko", "Vasylenko", "Zinchenko"] },
        Origin::Vietnamese => More {
            female: &["Bảo Châu", "Kim Liên", "Minh Hằng", "Ngọc Diệp", "Phương Thảo", "Thanh Huyền", "Thị Hồng", "Thị Yến", "Thu Trang", "Tuyết Mai"],
            male: &["Anh Khoa", "Công Thành", "Đình Phúc", "Gia Huy", "Hữu Nghĩa", "Minh Quân", "Quang Hải", "Quốc Bảo", "Thanh Tùng", "Xuân Trường"],
            family: &["Cao", "Châu", "Chu", "Đinh", "Đoàn", "Dương", "Hà", "Hồ", "Huỳnh", "Lâm", "Lương", "Lý", "Mai", "Nghiêm", "Phan", "Phùng", "Quách", "Tạ", "Thái", "Trịnh"] },
    }
}
