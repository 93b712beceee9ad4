"""Names of the communities beside old stock, most frequent first; an underscore is a space."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A community as it is listed."""

    name: str
    #: Per cent of the population.
    share: float
    #: Value of ``communities.Manner``.
    manner: str
    surnames: str
    women: str
    men: str
    villages: tuple[str, ...] = ()
    language: str = "fr"


COMMUNITIES = (
    Entry(
        "english",
        7.5,
        "plain",
        "Smith Brown Campbell Johnson Williams Jones Wilson Taylor Anderson MacDonald Thompson White Ross"
        " Murphy Miller Stewart Robinson Clark Young Mitchell Morrison Scott Kelly McDonald Ryan Walsh"
        " Thomas Walker Davis Fraser Reid Moore King Lee Wright Graham Hughes Evans Hall Allen Baker Davidson"
        " Murray O'Connor O'Brien O'Neill McKenzie MacLeod McLean Fitzgerald Sullivan Gallagher Cooper Hill"
        " Green Parker Bennett Adams Nelson Carter Collins Cameron Armstrong Bell Burns Cross Dawson Doyle"
        " Edwards Ferguson Foster Gibson Gordon Grant Hamilton Harris Henderson Hunter Jackson Johnston"
        " Kennedy Lawrence Lewis Lynch Marshall Mason McCarthy McGee McLaughlin Morgan Nolan Palmer Phillips"
        " Pratt Price Quinn Rogers Russell Shaw Simpson Sinclair Spencer Turner Wallace Watson Webb Wood",
        "Mary Elizabeth Margaret Jennifer Susan Patricia Linda Karen Sarah Lisa Emily Emma Olivia Jessica Ann"
        " Barbara Catherine Kathleen Heather Nancy Laura Julie Sandra Donna Carol Christine Deborah Helen Joan"
        " Amanda Ashley Amy Andrea Angela Brenda Chloe Claire Dorothy Diane Ella Grace Hannah Jane Janet Judith"
        " Katherine Megan Melissa Michelle Nicole Rebecca Rachel Ruth Samantha Sharon Shirley Sophia Victoria",
        "John David Michael Robert James William Peter Paul Mark Andrew Richard Steven Kevin Brian Daniel Ryan"
        " Matthew Christopher Thomas George Stephen Scott Jason Patrick Eric Kenneth Edward Gary Ian Jack Liam"
        " Noah Ethan Joshua Alexander Benjamin Charles Douglas Donald Frank Gordon Harold Jonathan Joseph Keith"
        " Lawrence Luke Nathan Neil Nicholas Owen Philip Raymond Ronald Samuel Sean Simon Timothy Tyler Walter",
        language="en",
    ),
    Entry(
        "haitian",
        2.2,
        "haitian",
        "Pierre Jean Joseph Jean-Baptiste Louis Charles François Pierre-Louis Jean-Louis Jean-Pierre Michel"
        " Étienne Alexandre Paul Jean-François Antoine Augustin Saint-Louis Toussaint Joachim Philippe Célestin"
        " Desir Désir Dorvil Estimé Fleurant Germain Guerrier Hyppolite Innocent Jacques Jean-Charles Jérôme"
        " Lafleur Laguerre Louis-Jean Lubin Mathurin Mentor Metellus Noël Paul-Émile Philogène Prosper Régis"
        " Romulus Saint-Fleur Saint-Juste Saint-Vil Simon Théodore Thélusma Valcin Victor Vilaire Zamor Bien-Aimé"
        " Jean-Gilles Jean-Mary Cadet Casimir Chéry Clervil Dieujuste Exantus Fils-Aimé Jean-Jacques Pierre-Paul",
        "Marie Marie-Carmel Rose Guerda Mirlande Nadège Fabiola Roseline Marie-Ange Ketly Myrlande Yolette"
        " Marie-Thérèse Jocelyne Magalie Rose-Laure Claudette Natacha Wideline Islande Daphnée Stéphanie Régine"
        " Ernsia Guerline Lovely Marie-Rose Mona Roselore Sherley Dieula Ésther Gina Widlyne Marie-Lourdes",
        "Jean Pierre Joseph Jean-Robert Wilner Frantz Emmanuel Jean-Claude Ricardo Evens Wilson Reginald Fritz"
        " Jacques Max Stanley Jean-Marie Patrick Ernst Woodley Rodrigue Dieudonné Gesner Jimmy Kervens Makenson"
        " Pierre-Richard Ralph Steeve Yves Wesner Michelet Franck Louis Saintilus Ronald Jean-Max Wilfrid",
        language="ht",
    ),
    Entry(
        "arabic",
        4.0,
        "arabic",
        "Ben_Ali Trabelsi Benali El_Amrani Bouzid Haddad Khoury Mansour El_Khoury Saidi Alaoui Bennani Belkacem"
        " Brahimi Hamidi Khelifi Slimani Mebarki El_Idrissi Benjelloun Berrada Tazi Chraibi Fassi Naciri El_Fassi"
        " Bensalem Ben_Salah Ben_Youssef Abdelkader Abdallah Ahmed Ali Hassan Hussein Ibrahim Mahmoud Mohammed"
        " Nasser Saleh Youssef Al_Masri Al_Ahmad Al_Hassan El_Hage El_Haddad Fakhoury Gemayel Karam Moussa"
        " Nassif Rahme Saad Saab Salameh Sassine Tannous Zaidan Abou_Khalil Abi_Nader Boukhari Cherif Djebbar"
        " Ferhat Guerroudj Hadj_Ahmed Kaci Larbi Meziane Ouali Rahmani Sahraoui Taleb Yahiaoui Zerrouki Ziani",
        "Fatima Fatima_Zahra Aicha Khadija Maryam Meriem Nadia Samira Amina Leila Salma Yasmine Zineb Hanane"
        " Rania Rim Sara Sana Soumaya Hafida Karima Latifa Malika Nawal Rachida Houda Imane Ghada Hala Rola Nour"
        " Lina Lamia Dalal Asma Farah Hiba Ikram Jihane Kenza Loubna Mouna Najat Rim_El Sabrina Sihem Wafa Zahra",
        "Mohammed Ahmed Youssef Karim Rachid Said Omar Ali Hassan Khaled Mustapha Abdel_Rahman Abdelkader Samir"
        " Nabil Amine Mehdi Hicham Hamza Ibrahim Ismail Bilal Adam Rayan Walid Tarek Sami Fadi Georges Elias"
        " Charbel Tony Hussein Mahmoud Abdallah Abdelaziz Anouar Aziz Brahim Driss Fouad Jamal Kamel Larbi Malek"
        " Mourad Nasser Noureddine Othmane Redouane Salah Sofiane Tahar Yacine Zakaria Ziad Mohamed_Amine",
        language="ar",
    ),
    Entry(
        "vietnamese",
        0.8,
        "vietnamese",
        "Nguyen Tran Le Pham Huynh Vo Phan Truong Bui Dang Do Ngo Duong Ly Dinh Lam Luong Mai Trinh Ho Vu Hoang"
        " Doan Cao Thai Chau Ta Tang Quach Tu",
        "Thi_Lan Thi_Hoa Thi_Mai Thi_Huong Thi_Thu Kim_Anh Thi_Minh_Anh Ngoc_Lan Thi_Thanh Bich_Ngoc Thuy_Linh"
        " Thi_Kim_Loan My_Linh Thanh_Thuy Thi_Hong Phuong_Anh Thu_Ha Hong_Nhung Thi_Nga Tuyet_Mai Minh_Chau Kim_Lien"
        " Thi_Bich Quynh_Anh Thao_Vy Thi_Ngoc_Dung Lan_Anh Thi_Phuong Bao_Tran Khanh_Linh",
        "Van_Hung Van_Minh Quoc_Bao Minh_Tuan Duc_Anh Thanh_Long Van_Dung Hoang_Nam Quang_Huy Van_Tam Van_Thanh"
        " Anh_Tuan Minh_Duc Huu_Phuoc Dinh_Khoa Van_Hai Tien_Dung Gia_Bao Xuan_Truong Ngoc_Son Trung_Kien Quoc_Viet"
        " Hoang_Long Van_Son Thanh_Tung Cong_Danh Duy_Khanh Van_Loc Minh_Quan Phuc_Thinh",
        language="vi",
    ),
    Entry(
        "chinese",
        1.2,
        "chinese",
        "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Lin Guo He Gao Luo Zheng Liang Xie Song"
        " Tang Deng Han Feng Cao Peng Wong Chan Cheung Leung Lam Ng Chow Kwan",
        "Xiao_Mei Li_Na Jing Yan Min Ying Hui_Min Xiu_Ying Fang Jia_Yi Yu_Ting Mei_Ling Xin_Yi Wen_Jing Hong Lan"
        " Shu_Fen Rui Yue Qing Jie Xue Yi_Fan Zi_Han",
        "Wei Jian_Guo Ming Jun Lei Yong Xiao_Ming Tao Hao Jie Bin Zhi_Qiang Chao Kai Yu_Xuan Hao_Ran Zi_Xuan Feng"
        " Guo_Qiang Wen_Bo Peng Jia_Hao Yi_Chen Dong",
        language="zh",
    ),
    Entry(
        "south asian",
        1.6,
        "south-asian",
        "Singh Kaur Patel Khan Ahmed Sharma Kumar Gill Dhillon Sidhu Grewal Hussain Rahman Islam Begum Malik Shah"
        " Chaudhry Iqbal Sandhu Brar Das Sivakumar Thevarajah Nadarajah Rajaratnam Perera Gupta Dhaliwal Mahal",
        "Harpreet Manpreet Amandeep Jaspreet Fatima Ayesha Priya Anjali Gurpreet Rajwinder Sunita Nasreen Shabana"
        " Kavitha Lakshmi Meera Navdeep Simran Kiran Rukhsana Tasnim Uzma Vijaya Zainab",
        "Gurpreet Harpreet Amandeep Mohammad Muhammad Jaspal Rajesh Sanjay Imran Tariq Balwinder Kulwinder Sukhdev"
        " Vijay Arun Suresh Kamal Rashid Abdul Manjit Paramjit Navdeep Ravi Anil",
        language="en",
    ),
    Entry(
        "latin american",
        2.2,
        "hispanic",
        "Rodríguez_García García_López González_Pérez Hernández_Martínez López_Hernández Martínez_Ramírez Pérez_Gómez"
        " Ramírez_Torres Sánchez_Cruz Torres_Flores Flores_Rivera Gómez_Díaz Díaz_Morales Cruz_Reyes Morales_Castillo"
        " Reyes_Ortiz Gutiérrez_Vargas Castillo_Rojas Rojas_Muñoz Vargas_Mendoza Mendoza_Silva Rivera_Castro"
        " Ortiz_Romero Castro_Álvarez Romero_Ruiz Álvarez_Guzmán Ruiz_Peña Salazar_Vega Herrera_Ramos Medina_Chávez",
        "María María_José Ana Ana_María Carmen Rosa Luz_Marina Gabriela Claudia Patricia Alejandra Andrea Sofía"
        " Valentina Camila Isabella Lucía Daniela Diana Gloria Martha Paola Verónica Yolanda Blanca_Estela Juana",
        "José Juan Carlos Luis José_Luis Juan_Carlos Jorge Miguel Pedro Andrés Diego Santiago Mateo Sebastián Javier"
        " Fernando Ricardo Roberto Manuel Francisco Óscar Julio_César Rafael Víctor Hugo Alejandro Mauricio Edgar",
        language="es",
    ),
    Entry(
        "italian",
        2.6,
        "plain",
        "Rossi Russo Di_Iorio Iannuzzi Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca"
        " Mancini Costa Giordano Rizzo Lombardi Moretti Di_Paolo D'Angelo De_Santis Del_Vecchio Di_Marco Ferrara"
        " Fiore Mastropietro Morabito Palumbo Pellegrino Petrella Pizzi Salvatore Santoro Scarpone Testa Vitale Zappia",
        "Maria Anna Rosa Giuseppina Antonietta Carmela Lucia Teresa Angela Filomena Concetta Nancy Sandra Sabrina"
        " Laura Elena Franca Gina Ida Lina Marisa Nina Pina Rita Silvana Vittoria Daniela Cristina Melissa Vanessa",
        "Giuseppe Antonio Giovanni Salvatore Domenico Vincenzo Francesco Michele Mario Luigi Pasquale Nicola Tony"
        " Frank Joe Marco Roberto Angelo Carlo Claudio Dino Enzo Fabio Gino Lorenzo Massimo Pietro Rocco Sergio Vito",
        language="it",
    ),
    Entry(
        "portuguese",
        0.9,
        "hispanic",
        "da_Silva dos_Santos Ferreira Pereira de_Oliveira da_Costa Rodrigues Martins Sousa Medeiros Furtado Arruda"
        " Pacheco Raposo Cabral Moniz Melo Correia Câmara Amaral Botelho Carvalho Tavares Vieira Pimentel",
        "Maria Maria_de_Fátima Ana Maria_José Isabel Lúcia Teresa Helena Fernanda Cristina Conceição Rosa Natália",
        "José Manuel João António Carlos Luís Francisco Paulo Pedro Fernando Jorge Joaquim Rui Nuno Miguel Duarte",
        language="pt",
    ),
    Entry(
        "greek",
        0.8,
        "plain",
        "Papadopoulos Georgiou Pappas Dimopoulos Nikolaou Karras Vlahos Stavropoulos Kostopoulos Theodorakis Economou"
        " Angelopoulos Katsaros Makris Tsatsos Panagiotopoulos Christodoulou Anagnostopoulos Manolakos Sarris",
        "Maria Eleni Georgia Vasiliki Sofia Dimitra Katerina Anna Angeliki Panagiota Christina Despina Irini Stavroula",
        "Georgios Dimitrios Konstantinos Ioannis Nikolaos Peter Jimmy Bill Spiros Panagiotis Christos Athanasios Tom",
        language="el",
    ),
    Entry(
        "eastern european",
        1.9,
        "plain",
        "Cohen Levy Goldberg Rosenberg Schwartz Kowalski Nowak Wiśniewski Kovacs Nagy Popescu Ionescu Radu Ivanov"
        " Petrov Sidorenko Shevchenko Kovalenko Bondarenko Friedman Klein Weiss Katz Shapiro Bernstein Dumitrescu"
        " Stan Munteanu Marinescu Szabo Horvath Novak Jovanovic Petrovic Nikolic Dimitrov Georgiev Melnyk Lysenko",
        "Anna Elena Maria Irina Natalia Olga Svetlana Ioana Cristina Andreea Mihaela Sarah Rachel Rivka Chaya Esther"
        " Leah Miriam Katarzyna Agnieszka Malgorzata Oksana Tatiana Yulia Victoria Alexandra Daniela Gabriela Raluca",
        "Alexandru Andrei Mihai Ion Sergei Vladimir Dmitri Igor Oleg Piotr Krzysztof Jan Tomasz David Moshe Yosef"
        " Abraham Jacob Isaac Samuel Daniel Bogdan Cristian Florin Radu Viktor Yuri Mykola Oleksandr Laszlo Istvan",
        language="en",
    ),
    Entry(
        "african",
        1.5,
        "plain",
        "Diallo Traoré Diop Ndiaye Kouassi Koné Mbaye Fall Sow Ba Cissé Camara Touré Ouattara Coulibaly Kouamé Yao"
        " N'Guessan Mukendi Kabongo Ilunga Tshibangu Kalala Mutombo Nkurunziza Niyonzima Habimana Uwimana Mbuyi Fotso"
        " Tchamba Ngono Mballa Kamga Nana Adjovi Houngbédji Mensah Agbodjan Bizimana",
        "Aminata Fatou Mariam Awa Aïssatou Kadiatou Fanta Oumou Marie-Claire Chantal Solange Béatrice Espérance Grâce"
        " Divine Merveille Clarisse Rosine Aya Affoué Ramatou Bintou Djeneba Adèle Joséphine",
        "Mamadou Ousmane Ibrahima Moussa Amadou Abdoulaye Cheikh Jean-Marie Emmanuel Innocent Dieudonné Christian"
        " Patrick Serge Kouadio Yao Alassane Boubacar Souleymane Modibo Pascal Gaspard Fabrice Junior Trésor",
    ),
    Entry(
        "inuit",
        0.18,
        "inuit",
        "Annanack Kooktook Tukkiapik Qumaluk Aupaluk Ningiuruvik Iqaluk Uqaituk Kasudluak Ekomiak Naluktuk Weetaluktuk"
        " Alaku Tulugak Arngak Angnatuk Kritik Saunders Gordon Snowball Etok Tooktoo Munick Nungak Inukpuk Echalook"
        " Sivuarapik Qinuajuak Ittukallak Amarualik Kenuajuak Mangiuk Papigatuk Okituk Novalinga",
        "Elisapi Siasi Annie Mary Lizzie Minnie Louisa Sarah Aani Maaki Qumaq Lucy Jeannie Alasi Akinisi Mina Nellie"
        " Eva Maggie Emily Pasha Susie Sala Ulayu Leah Winnie",
        "Lukasi Juani Johnny Adamie Jusipi Putulik Paulusi Charlie Peter Noah Jaaka Aisa Mosusi Simiuni Isaac Aliva"
        " Davidee Jobie Joanasie Markusi Tivi Willie Lucassie Eli Jimmy Qalingo",
        ("Kuujjuaq", "Puvirnituq", "Inukjuak", "Salluit", "Kangiqsualujjuaq", "Kuujjuarapik"),
        language="iu",
    ),
    Entry(
        "innu",
        0.25,
        "first-nations",
        "Vollant Fontaine McKenzie Bellefleur Mestokosho Mollen Mark Kapesh Jourdain Grégoire Rock Bacon Hervieux"
        " St-Onge Riverin Picard Canapé Lalo Ishpatao Ambroise Malleck Tenegan Basile Kanapé Washish Pietacho Napess",
        "Marie Anne-Marie Philomène Agathe Evelyne Marie-Luce Uapukun Shanipiap Kateri Mishta Lise Angèle Adéline Maniten"
        " Shaushan Sylvie Ginette Josette Rita Nashtash Monique",
        "Joseph Jean-Baptiste Mathias Sylvestre Georges-Ernest Pien Shimun Mathieu Pinashue Uapan Réal Raphaël Gilbert"
        " Tshan Étienne Bernard Apenam Guy Marcel Jean-Charles",
        ("Uashat", "Pessamit", "Mashteuiatsh", "Natashquan"),
    ),
    Entry(
        "cree",
        0.23,
        "first-nations",
        "Coon_Come Blacksmith Mianscum Iserhoff Bosum Neeposh Matoush Shecapio Gull Trapper Awashish Voyageur Longchap"
        " Gunner Swallow Petawabano Mark_Stewart Moses Diamond Cheezo Mayappo Tapiatic Kitchen Rupert Sealhunter"
        " Bearskin Pachano Cox House Herodier Snowboy Spencer Rabbitskin Napash",
        "Mary Emily Louise Minnie Elizabeth Harriet Bella Violet Juliet Daisy Nellie Charlotte Abigail Clara Maria"
        " Hattie Dinah Florence Deborah Shirley Agnes",
        "Matthew Billy Robbie Abel Philip Samuel George Thomas Albert Allan Lawrence Isaac Job Eddie Kenny Malcolm"
        " Johnny Sam Rodney Bertie Luke Ernest",
        ("Chisasibi", "Mistissini", "Waskaganish", "Waswanipi"),
        language="en",
    ),
    Entry(
        "atikamekw and anishinabe",
        0.25,
        "first-nations",
        "Awashish Petiquay Ottawa Chilton Dubé Flamand Niquay Echaquan Dube-Ottawa Weizineau Boivin Quitich Jacob Néwashish"
        " Papatie Wawatie Kistabish Polson McDougall Wabie Chevrier Penosway Ratt Decoursay Mowatt Nottaway Whiteduck"
        " Commanda Odjick Tenascon",
        "Marie Jeannette Éva Céline Marie-Louise Karine Sipi Wikwasa Suzanne Thérèse Jacinthe Mélanie Sakay Annie Rose"
        " Nikikw Délima Kijikw Salomé Cheyenne",
        "César Constant Jean-Roch Ernest Paul-Émile Charles Sakanoko Mikew Dominique Pierre Simon Mathieu Kevin Kokom"
        " Richard Hector Jimmy Michel Norman Edmond",
        ("Manawan", "Wemotaci", "Opitciwan", "Lac-Simon"),
    ),
    Entry(
        "mohawk and mi'kmaq",
        0.3,
        "first-nations",
        "Diabo Jacobs Deer Rice Montour Delisle Goodleaf Horn Norton Stacey Two-Axe Beauvais Lahache McComber Phillips"
        " Delaronde Zacharie Gabriel Nelson Etienne Nicholas Metallic Barnaby Isaac Condo Jerome Gray Martin Vicaire Dedam",
        "Kahente Konwatsi'tsaiénni Mary Katsi'tsakwas Skawenniio Wathahine Teiohontsiakwente Amelia Tracy Josephine Christine"
        " Kanerahtiio Ann Dawn Tammy Kawennáhere Iehnhotonkwas Brenda Shannon Heather",
        "Joseph Kanen'tó:kon Karonhiaktatie Michael Tekaronhió:ken Peter Louis Thomas Mike Joe Kahsennenhawe Frank Tewenhni'tatshon"
        " Lance Rarihokwats Allen Brian Kenneth Otsi'tsaken:ra Ronald",
        ("Kahnawake", "Kanesatake", "Listuguj", "Gesgapegiag"),
        language="en",
    ),
)
